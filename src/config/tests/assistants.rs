//! Assistants in files: what they inherit, and every mistake that they can hold.

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use super::*;
use crate::types::Direction;

const TEMPLATE: &str = include_str!("../../../docs/assistant.toml");

fn with(case: Case, name: &str, text: &str) -> Case {
    case.file(&format!("config/assistants/{name}.toml"), text)
}

fn named(case: &Case, name: &str) -> Arc<Assistant> {
    Arc::clone(case.config().assistants.named(name).expect("an assistant of this name"))
}

fn template() -> Case {
    with(Case::new(&[("BOOKING_TOKEN", "hunter2"), ("CALENDAR_TOKEN", "hunter3")]), "ada", TEMPLATE)
}

#[test]
fn the_template_is_valid_and_names_every_key_of_an_assistant() {
    let loaded = template().loaded();

    let file = loaded.assistants.first().expect("a file");
    let written: Vec<&str> = file.sources.iter().filter(|s| matches!(s.origin, Origin::File(_))).map(|s| s.key).collect();
    let read: Vec<&str> = file.sources.iter().map(|setting| setting.key).collect();
    assert_eq!((file.name.as_str(), written), ("clinic", read));
    let tools: Vec<&str> = loaded.config.assistants.named("clinic").expect("read").tools.iter().map(ToolSettings::name).collect();
    let all = ["end_call", "transfer_call", "send_dtmf", "hold_call", "schedule_callback", "opt_out", "free_slots", "calendar"];
    assert_eq!(tools, all, "one of every type");
}

#[test]
fn secrets_come_from_where_the_file_says_and_do_not_print() {
    let loaded = template().loaded();
    let clinic = loaded.config.assistants.named("clinic").expect("read");

    let headers: Vec<(&str, &str)> = clinic
        .tools
        .iter()
        .find_map(|tool| match tool {
            ToolSettings::Http(http) => Some(http.headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect()),
            _ => None,
        })
        .expect("an http tool");
    assert_eq!(headers, [("Accept", "application/json"), ("Authorization", "Bearer hunter2")]);
    let printed = format!("{loaded:?}{}", show::toml(&loaded, true));
    for secret in ["hunter2", "hunter3", "5550180", "5550190", "5550191"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

#[test]
fn a_key_that_a_file_does_not_name_is_that_of_the_default_assistant() {
    let case = Case::new(&[("APP__ASSISTANT__GREETING", "Good day."), ("APP__ASSISTANT__TURNS__SILENCE_MS", "700")]);

    let sales = named(&with(case, "sales", "language = \"de\"\n[turns]\nthreshold = 0.7\n"), "sales");

    assert_eq!((sales.name.as_str(), sales.greeting.as_str(), sales.language.as_str()), ("sales", "Good day.", "de"));
    assert_eq!((sales.turns.threshold, sales.turns.silence_ms), (0.7, 700));
    assert!(matches!(sales.tools.as_slice(), [ToolSettings::EndCall]), "{:?}", sales.tools);
}

#[test]
fn the_default_assistant_answers_the_numbers_of_no_other() {
    let case =
        with(with(Case::new(&[]), "sales", "numbers = [\"+14155550111\"]"), "clinic", "numbers = [\"+1 415 555 0112\", \"+14155550113\"]");

    let assistants = case.config().assistants;

    let answering = |dialled: &str| assistants.answering(dialled).name.clone();
    assert_eq!(["+14155550111", "+14155550112", "+14155550113"].map(answering), ["sales", "clinic", "clinic"]);
    assert_eq!(["+14155550114", "client:desk", ""].map(answering), ["assistant"; 3]);
    assert_eq!(assistants.names(), ["assistant", "clinic", "sales"]);
}

#[test]
fn what_depends_on_the_direction_can_be_said_for_both() {
    let opening = |text: &str| named(&with(Case::new(&[]), "one", text), "one").opening.clone();
    let both = |opening: &OpeningSettings| {
        let of = |direction| (opening.waits(direction), opening.protects(direction));
        [of(Direction::Inbound), of(Direction::Outbound)]
    };

    assert_eq!(both(&opening("")), [(false, false), (false, true)]);
    assert_eq!(both(&opening("[opening]\nmachine_detection = true")), [(false, false), (true, true)]);
    assert_eq!(both(&opening("[opening]\nwait_for_human = true\nprotected = false")), [(true, false), (true, false)]);
}

/// A file with one mistake, the key that is told, and a part of what is told.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("gretting = \"Hi\"", "gretting", "did you mean greeting?"),
    ("[turns]\ntreshold = 0.4", "turns.treshold", "did you mean turns.threshold?"),
    ("greeting = \"Hello {{compnay}}\"\n[variables]\ncompany = \"Acme\"", "greeting", "there is no variable {{compnay}}"),
    ("greeting = \"Hello {{compnay}}\"\n[variables]\ncompany = \"Acme\"", "greeting", "known: name, company"),
    ("instructions = \"Talk to {{name\"", "instructions", "a {{ has no }}"),
    ("instructions = \"\"", "instructions", "is empty"),
    ("disclosure = \"{{x}}\"", "disclosure", "there is no variable {{x}}"),
    ("disclose = \"sometimes\"", "disclose", "write outbound, all or none"),
    ("[variables]\nname = \"Ann\"", "variables.name", "is always known"),
    ("[variables]\n\"Company Name\" = \"Acme\"", "variables.Company Name", "is not a name for a variable"),
    ("speed = 1.6", "speed", "from 0.25 to 1.5"),
    ("language = \"english\"", "language", "ISO 639-1"),
    ("reasoning = \"much\"", "reasoning", "minimal, low, medium, high or xhigh"),
    ("noise_reduction = \"on\"", "noise_reduction", "near_field, far_field or off"),
    ("[turns]\ntype = \"push_to_talk\"", "turns.type", "server or semantic"),
    ("[turns]\neagerness = \"very\"", "turns.eagerness", "low, medium, high or auto"),
    ("[turns]\nsilence_ms = 50", "turns.silence_ms", "from 100 to 10000"),
    ("[barge_in]\nmin_speech_ms = 60000", "barge_in.min_speech_ms", "from 0 to 5000"),
    ("[opening]\nprotected = \"maybe\"", "opening.protected", "neither true nor false nor auto"),
    ("[opening]\nmachine_detection = \"auto\"", "opening.machine_detection", "neither true nor false"),
    ("[opening]\nvoicemail = \"{{x}}\"", "opening.voicemail", "there is no variable"),
    ("[hours]\ntime_zone = \"Lakeside\"", "hours.time_zone", "America/New_York"),
    ("[hours]\nmon = \"9 to 5\"", "hours.mon", "09:00-12:00,13:00-17:00"),
    ("[hours]\ntue = \"17:00-09:00\"", "hours.tue", "ends before it begins"),
    ("[hours]\nmon = \"09:00-17:00\"\nclosed = \"\"", "hours.closed", "is empty"),
    ("[limits]\nmax_call_seconds = 5", "limits.max_call_seconds", "at least 10"),
    ("[lifeboat]\ndial = \"4155550100\"", "lifeboat.dial", "with + and country code"),
    ("[recording]\nenabled = \"perhaps\"", "recording.enabled", "neither true nor false"),
    ("numbers = [\"+14155550100\", \"911\"]", "numbers", "entry 2 is not a phone number"),
    ("name = \"front desk\"", "name", "cannot be a name"),
    ("name = \"assistant\"", "name", "is the name of another assistant"),
    ("tools = \"end_call\"", "tools", "is not a list of tables"),
    ("tools = [{ kind = \"end_call\" }]", "tools[1].type", "is not set"),
    ("tools = [{ type = \"end_cal\" }]", "tools[1].type", "write one of end_call, transfer_call"),
    ("tools = [{ type = \"end_call\" }, { type = \"end_call\" }]", "tools[2]", "another tool called \"end_call\""),
    ("tools = [{ type = \"end_call\", nmae = \"x\" }]", "tools[1].nmae", "there is no such key"),
    ("tools = [{ type = \"transfer_call\" }]", "tools[1].targets", "is not set"),
    ("tools = [{ type = \"transfer_call\", targets = { desk = \"0190\" } }]", "tools[1].targets.desk", "is not a phone number"),
    ("[keys]\n\"10\" = \"hang_up\"", "keys.10", "is not a key of a phone"),
    ("[keys]\n\"0\" = \"transfer:desk\"", "keys.0", "there is no tool transfer_call"),
    ("[keys]\n\"9\" = \"opt_out\"", "keys.9", "is neither hang_up nor transfer: nor a tool"),
    (
        "tools = [{ type = \"transfer_call\", targets = { desk = \"+14155550190\" } }]\n[keys]\n\"0\" = \"transfer:dsk\"",
        "keys.0",
        "one of desk",
    ),
    ("tools = [{ type = \"send_dtmf\" }]\n[keys]\n\"1\" = \"send_dtmf\"", "keys.1", "needs arguments"),
    ("greeting = ", "", "line 1"),
];

#[test]
fn each_mistake_is_told_with_its_file_its_key_and_what_would_be_right() {
    for (text, key, part) in MISTAKES {
        let case = with(Case::new(&[]), "one", text);

        let problems = case.problems();

        let found = problems.iter().find(|problem| problem.key == *key && problem.to_string().contains(part));
        let found = found.unwrap_or_else(|| panic!("{text}\n{key}: {part}\n{problems:#?}"));
        assert_eq!(problems.len(), 1, "{text}: nothing else is wrong: {problems:#?}");
        assert!(matches!(&found.origin, Origin::File(path) if path.ends_with("config/assistants/one.toml")), "{found:?}");
        assert!(found.variable.is_empty() && !found.fix.is_empty() && !found.to_string().contains("assistant."), "{found}");
    }
}

/// An http tool that is right but for one line, put in place of the line of the same key.
fn http(line: &str) -> String {
    let key = line.split(" = ").next().unwrap_or_default();
    let lines = [
        "type = \"http\"",
        "name = \"slots\"",
        "description = \"Tells which slots are free.\"",
        "method = \"GET\"",
        "url = \"https://example.com/{{day}}\"",
        "parameters = { type = \"object\", properties = { day = { type = \"string\" } } }",
    ];
    let kept = lines.into_iter().filter(|one| !one.starts_with(&format!("{key} = ")));
    format!("[[tools]]\n{}\n{line}\n", kept.collect::<Vec<_>>().join("\n"))
}

#[test]
fn an_http_tool_is_checked_to_its_last_key() {
    for (line, key, part) in [
        ("name = \"free slots\"", "name", "cannot be a name"),
        ("description = \"\"", "description", "is empty"),
        ("name = 7", "name", "is not a text"),
        ("method = \"FETCH\"", "method", "GET, POST, PUT, PATCH, DELETE"),
        ("url = \"http://example.com/{{day}}\"", "url", "is not https://"),
        ("url = \"https://{{day}}.example.com/\"", "url", "lets an argument choose the host"),
        ("url = \"https://example.com{{day}}\"", "url", "lets an argument choose the host"),
        ("url = \"https://example.com:{{day}}/\"", "url", "lets an argument choose the host"),
        ("url = \"https://{{day}}@example.com/\"", "url", "lets an argument choose the host"),
        ("url = \"https:///{{day}}/\"", "url", "lets an argument choose the host"),
        ("url = \"https:///a{{day}}/\"", "url", "lets an argument choose the host"),
        ("url = \"https://me:pw@example.com/\"", "url", "holds a user or a password"),
        ("url = \"example.com/slots\"", "url", "is not a url"),
        ("url = \"https://example.com/{{dya}}\"", "url", "name one of them: day"),
        ("headers = { Authorization = \"Bearer hunter2\" }", "headers.Authorization", "env:NAME"),
        ("headers = { X-Key = \"env:NO_SUCH\" }", "headers.X-Key", "refers to variable NO_SUCH, which is not set"),
        ("headers = { X-Key = \"file:no/such\" }", "headers.X-Key", "refers to no/such, which cannot be read"),
        ("headers = { X-Key = \"hunter2\\nX-Other: 1\" }", "headers.X-Key", "holds a line break"),
        ("headers = { \"X Key\" = \"1\" }", "headers.X Key", "is not the name of a header"),
        ("headers = [\"X-Key\"]", "headers", "is not a table of texts"),
        ("timeout_ms = 50", "timeout_ms", "from 100 to 60000"),
        ("timeout_ms = 20000", "timeout_ms", "waits for no tool longer than 10000 ms"),
        ("result = \"slots\"", "result", "RFC 6901"),
        ("parameters = { type = \"array\", properties = { day = {} } }", "parameters.type", "is not \"object\""),
        (
            "parameters = { type = \"object\", properties = { day = {} }, required = [\"dya\"] }",
            "parameters.required",
            "\"dya\" is no property",
        ),
        ("parameters = \"{}\"", "parameters", "is not a table"),
    ] {
        let problems = with(Case::new(&[]), "one", &http(line)).problems();

        let key = format!("tools[1].{key}");
        assert!(problems.iter().any(|p| p.key == key && p.to_string().contains(part)), "{line}\n{key}: {part}\n{problems:#?}");
        assert!(!format!("{problems:?}").contains("hunter2"), "{line}");
    }
    assert!(with(Case::new(&[]), "one", &http("timeout_ms = 8000")).problems().is_empty());
}

#[test]
fn plain_http_is_for_this_machine_and_never_for_production() {
    let local = http("url = \"http://127.0.0.1:9000/{{day}}\"");

    assert!(with(Case::new(&[]), "one", &local).problems().is_empty());
    assert!(with(Case::new(&[("APP_ENV", "simulation")]), "one", &local).problems().is_empty());
    assert_eq!(with(Case::production(&[]), "one", &local).problems().len(), 1);
}

#[test]
fn a_server_of_tools_is_https_and_its_secret_stands_elsewhere() {
    let wrong = |rest: &str| {
        let problems = with(Case::new(&[]), "one", &format!("[[tools]]\ntype = \"mcp\"\n{rest}")).problems();
        problems.into_iter().map(|problem| problem.key).collect::<Vec<_>>()
    };

    assert_eq!(wrong("label = \"cal\"\nurl = \"https://example.com\""), [""; 0]);
    assert_eq!(wrong("label = \"cal\"\nurl = \"http://127.0.0.1\""), ["tools[1].url"]);
    assert_eq!(wrong("label = \"cal\"\nurl = \"https://example.com\"\nauthorization = \"hunter2\""), ["tools[1].authorization"]);
    assert_eq!(wrong("url = \"https://example.com\"\nallowed_tools = \"all\""), ["tools[1].label", "tools[1].allowed_tools"]);
}

#[test]
fn the_schema_of_a_tool_is_kept_as_json() {
    let one = named(&with(Case::new(&[]), "one", &http("timeout_ms = 500")), "one");

    let [ToolSettings::Http(tool)] = one.tools.as_slice() else { panic!("{:?}", one.tools) };
    assert_eq!(tool.parameters, r#"{"properties":{"day":{"type":"string"}},"type":"object"}"#);
    assert_eq!((tool.method.as_str(), tool.result.as_deref()), ("GET", None));
}

#[test]
fn one_number_has_one_assistant_and_is_masked_where_two_want_it() {
    let text = "numbers = [\"+14155550111\"]";

    let problems = with(with(Case::new(&[]), "sales", text), "clinic", text).problems();

    let [problem] = problems.as_slice() else { panic!("{problems:#?}") };
    assert_eq!((problem.key.as_str(), problem.message.as_str()), ("numbers", "+•••••0111 is answered by \"clinic\" as well"));
}

#[test]
fn mistakes_of_all_files_are_told_at_once_and_those_of_the_default_assistant_once() {
    let case = Case::new(&[("APP__ASSISTANT__SPEED", "9")]).file("config/prices.toml", "[twilio]\ninbound = -1\n");
    let case = with(with(case, "sales", "langauge = \"de\"\n[hours]\nmon = \"x\""), "clinic", "reasoning = \"much\"");

    let told: Vec<String> = case.problems().iter().map(|p| format!("{} {}", p.key, p.variable)).collect();

    assert_eq!(told, ["assistant.speed APP__ASSISTANT__SPEED", "reasoning ", "langauge ", "hours.mon ", "as_of ", "twilio.inbound "]);
}

#[test]
fn work_on_the_database_does_not_stumble_over_an_assistant() {
    let mut case = with(Case::new(&[]), "one", "greeting = ");
    case.options.scope = Scope::Database;

    assert!(case.load().is_ok());
}

#[test]
fn prices_are_checked() {
    for (text, key, part) in [
        ("as_of = \"November\"", "as_of", "neither a month nor a day"),
        ("as_of = \"2026-11\"\n[twilio]\ninbuond = 1", "twilio.inbuond", "did you mean twilio.inbound?"),
        ("as_of = \"2026-11\"\n[models.x]\naudio = { in = 1, cached = 1, out = 1 }", "models.\"x\".text", "is not set"),
        (
            "as_of = \"2026-11\"\n[models.\"x.1\"]\ntext = { in = 1, out = 1 }\naudio = { in = 1, cached = 1, out = 1 }",
            "models.\"x.1\".text.cached",
            "for a million tokens",
        ),
        ("as_of = \"2026-11\"\n[transcription.x]\nhour = 1", "transcription.\"x\".hour", "there is no such key"),
        ("as_of = \"2026-11\"\n[transcription.x]\nminute = \"cheap\"", "transcription.\"x\".minute", "is not a number"),
        ("as_of = \"2026-11\"\nmodels = 5", "models", "is not a table"),
    ] {
        let problems = Case::new(&[]).file("config/prices.toml", text).problems();

        assert!(problems.iter().any(|p| p.key == key && p.to_string().contains(part)), "{text}\n{key}: {part}\n{problems:#?}");
    }
}

#[test]
fn what_is_shown_of_files_is_toml_below_their_names() {
    let loaded = with(Case::new(&[]), "sales", "numbers = [\"+14155550111\"]\nvoice = \"cedar\"").loaded();

    let text = show::toml(&loaded, false);

    let section = text.split("[assistants.\"sales\"]\n").nth(1).expect("a section");
    for line in ["name = \"sales\"", "voice = \"cedar\"", "numbers = [\"+•••••0111\"]", "turns.type = \"server\""] {
        assert!(section.lines().any(|l| l == line), "{line}\n{section}");
    }
    assert!(super::shown::keys_of(&text).contains("assistants.sales.voice"));
}
