//! Every file of `tests/scenarios`, played as `alpha-call simulate --scenario` plays it.

use std::path::{Path, PathBuf};

use alpha_call::cli::simulate::scenarios::play_file;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

async fn passes(name: &str) {
    let (title, verdict) = play_file(&folder().join(format!("{name}.toml"))).await.expect("a scenario");
    assert!(verdict.passed(), "{title}: {verdict}");
}

macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        $(#[actix_rt::test]
        async fn $name() {
            passes(stringify!($name)).await;
        })*

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

scenarios! {
    apology,
    assistant_by_default,
    assistant_by_default_outbound,
    assistant_by_number,
    assistant_by_request,
    azure,
    barge_in,
    barge_in_after_generation,
    barge_in_before_the_first_mark,
    barge_in_during_a_tool,
    barge_in_greeting,
    barge_in_over_a_result,
    barge_in_several_items,
    barge_in_twice,
    barge_in_without_marks,
    busy,
    callback,
    closed,
    conversation,
    cost,
    cough,
    dead_turn,
    delay_spikes,
    failed_transcript,
    fallback,
    fallback_xai,
    fatal_code,
    filler,
    gap,
    greeting_at_once,
    hold,
    http_tool,
    http_tool_forbidden,
    http_tool_silent,
    http_tool_wrong_arguments,
    human_detected,
    human_wait,
    idle_caller,
    invalid_arguments,
    keys,
    late_marks,
    late_transcript,
    lifeboat_dial,
    lost_model,
    lost_model_in_mid_answer,
    mapped_key,
    missing_transcript,
    model_away,
    no_model,
    open,
    opt_out,
    opt_out_by_tool,
    over_budget,
    protected_by_default,
    protected_greeting,
    rate_limit,
    recording,
    refused_configuration,
    remote_tool,
    roll_over,
    semantic_turns,
    send_keys,
    silent_model,
    stuck_response,
    time_limit,
    time_warning,
    tool_budget,
    transfer,
    transfer_unanswered,
    unknown_tool,
    voicemail,
    warm_session,
    wrong_format,
    xai,
}

#[test]
fn every_file_has_its_test() {
    let files = std::fs::read_dir(folder()).expect("the folder");
    let names: Vec<String> =
        files.map(|file| file.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned()).collect();

    let untested: Vec<&String> = names.iter().filter(|name| !NAMES.contains(&name.as_str())).collect();

    assert_eq!(untested, Vec::<&String>::new());
    assert_eq!(names.len(), NAMES.len());
}
