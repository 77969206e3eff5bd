use std::time::Duration;

use super::*;
use crate::session::event::ToolUse;
use crate::store::{CallKey, CallStore, DatabaseSettings, NewCall, Row, Selection};
use crate::types::{CallId, Direction, Epoch, Redacted};

fn turn(seq: u32, speaker: Speaker, generated: &str, heard: &str) -> Turn {
    Turn {
        seq,
        revision: 1,
        position: seq,
        item: None,
        response: None,
        speaker,
        kind: TurnKind::Message,
        generated: Redacted(generated.to_owned()),
        heard: Redacted(heard.to_owned()),
        interrupted: generated != heard,
        audio_ms: 2_000,
        heard_ms: 1_000,
        started: Duration::from_millis(67_700),
        ended: Some(Duration::from_millis(69_000)),
        latency: None,
        tokens: None,
        transcription: None,
        tool: None,
    }
}

/// As it comes out of a database.
async fn conversation() -> Conversation {
    let folder = tempfile::tempdir().expect("a folder");
    let store = CallStore::open(&DatabaseSettings::at(format!("sqlite://{}?mode=rwc", folder.path().join("calls.db").display())));
    let (store, id) = (store.expect("a store"), CallId::new(uuid::Uuid::from_u128(7)));
    store.migrate().await.expect("migrated");
    let call = NewCall {
        id,
        call_sid: Some("CA00000000000000000000000000000007".parse().expect("a sid")),
        direction: Direction::Inbound,
        from: "+14155550101".to_owned(),
        to: "+14155550100".to_owned(),
        caller_name: None,
        assistant: "front_desk".to_owned(),
        model: "m".to_owned(),
        voice: "v".to_owned(),
        system_message: None,
        owner: None,
        initiated_at: DateTime::UNIX_EPOCH,
        scheduled_at: None,
        metadata: None,
        wish: None,
        decision: None,
        api_key_id: None,
        stir_verstat: None,
    };
    store.create_call(call).await.expect("created");
    let tool = Some(ToolUse { name: "find_room".to_owned(), call_id: "c1".to_owned() });
    let turns = [
        turn(0, Speaker::User, "A *star*,\n\"quoted\"", "A *star*,\n\"quoted\""),
        turn(1, Speaker::Ai, "We are open from eight.", "We are open"),
        Turn { kind: TurnKind::ToolCall, tool, ..turn(2, Speaker::Ai, "{\"a\":1}", "{\"a\":1}") },
    ];
    let row = |turn| Row::turn(id, Epoch::FIRST, turn, DateTime::UNIX_EPOCH);
    store.write(turns.map(row).into()).await.expect("written");
    let found = store.conversations(Selection::Call(CallKey::Id(id))).next().await.expect("one").expect("read");
    store.close().await;
    found
}

fn rendered(format: TranscriptFormat, conversations: &[&Conversation]) -> String {
    let mut renderer = Renderer::new(format, Vec::new());
    for conversation in conversations {
        renderer.write(conversation).expect("in memory");
    }
    String::from_utf8(renderer.end().expect("in memory")).expect("text")
}

#[tokio::test]
async fn json_is_an_array_of_any_length() {
    let one = conversation().await;

    for count in 0..3 {
        let text = rendered(TranscriptFormat::Json, &vec![&one; count]);
        let calls: Vec<serde_json::Value> = serde_json::from_str(&text).expect("json");

        assert_eq!(calls.len(), count);
        for call in calls {
            assert_eq!((&call["call_sid"], &call["from"]), (&"CA00000000000000000000000000000007".into(), &"+14155550101".into()));
            assert_eq!(call["turns"][0]["generated"], "A *star*,\n\"quoted\"");
            assert_eq!(
                (&call["turns"][1]["generated"], &call["turns"][1]["heard"]),
                (&"We are open from eight.".into(), &"We are open".into())
            );
            assert_eq!(call["turns"][2]["tool"], "find_room");
        }
    }
}

#[tokio::test]
async fn csv_has_one_header_and_a_line_for_each_turn() {
    let one = conversation().await;

    let text = rendered(TranscriptFormat::Csv, &[&one, &one]);

    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().expect("a header").iter().collect::<Vec<_>>(), COLUMNS);
    let lines: Vec<csv::StringRecord> = reader.records().collect::<std::result::Result<_, _>>().expect("lines");
    assert_eq!(lines.len(), 6);
    let cell =
        |line: usize, column: &str| lines[line].get(COLUMNS.iter().position(|name| *name == column).expect("a column")).expect("a cell");
    assert_eq!((cell(0, "speaker"), cell(0, "generated"), cell(0, "started_ms")), ("user", "A *star*,\n\"quoted\"", "67700"));
    assert_eq!((cell(4, "generated"), cell(4, "heard"), cell(4, "interrupted")), ("We are open from eight.", "We are open", "true"));
    assert_eq!((cell(2, "tool"), cell(2, "latency_ms"), cell(2, "at")), ("find_room", "", "1970-01-01T00:00:00.000Z"));
    assert_eq!(rendered(TranscriptFormat::Csv, &[]).trim_end(), COLUMNS.join(","));
}

#[tokio::test]
async fn markdown_has_a_heading_for_each_call_and_both_texts() {
    let one = conversation().await;

    let text = rendered(TranscriptFormat::Md, &[&one, &one]);

    assert_eq!(text.matches("## 1970-01-01 00:00:00 UTC, inbound, +14155550101 to +14155550100\n").count(), 2, "{text}");
    assert!(text.contains("assistant front\\_desk"), "{text}");
    assert!(text.contains("- 1:07 **caller**: A \\*star\\*, \"quoted\"\n"), "{text}");
    assert!(text.contains("- 1:07 **assistant**: We are open from eight.\n  - heard: We are open\n"), "{text}");
    assert!(text.contains("- 1:07 **assistant** (tool call find\\_room): {\"a\":1}\n"), "{text}");
}

#[tokio::test]
async fn text_is_as_the_demo_tells_it() {
    let one = conversation().await;

    let text = rendered(TranscriptFormat::Txt, &[&one]);

    assert!(text.contains("   67.7  ai      We are open /// from eight.\n"), "{text}");
    assert!(text.starts_with(transcript::LEGEND) && !text.contains('\u{1b}'), "{text}");
}
