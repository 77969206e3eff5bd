//! The dialled number decides who answers.

use alpha_call::sim::stage::OUR_NUMBER;

use crate::doors::operator::{Operator, fresh_sid};
use crate::house::House;

const SALES: &str = "+14155550181";
const DESK: &str = "+14155550182";

#[actix_rt::test]
async fn each_number_is_answered_by_its_assistant_and_every_other_by_the_default_one() {
    let assistant =
        |number: &str, name: &str| format!("numbers = [\"{number}\"]\ngreeting = \"Here is {name}.\"\nmodel = \"gpt-realtime-2.1-mini\"");
    let (sales, desk) = (assistant(SALES, "sales"), assistant(DESK, "the desk"));
    let house = House::with_files(&[("config/assistants/sales.toml", &sales), ("config/assistants/desk.toml", &desk)]).await;
    let operator = Operator::of(&house);

    let mut heard = Vec::new();
    for number in [SALES, DESK, OUR_NUMBER] {
        let sid = fresh_sid("CA");
        let mut form = operator.form(&sid);
        form.iter_mut().filter(|(name, _)| name == "To").for_each(|(_, value)| *value = number.to_owned());
        let line = operator.line(&sid, &operator.post("/incoming-call", &form).await);
        let mut stream = operator.open(&line).await.expect("101");
        stream.start().await;
        stream.heard().await;
        stream.hang_up().await;
        let row = house.row(&line.call, |row| !row["ended_at"].is_null()).await;
        let session = house.openai().sessions().pop().expect("a model session");
        assert_eq!(row["model"], session.model, "the row names the model that was dialled");
        let assistant = row["assistant"].as_str().unwrap_or_default().to_owned();
        heard.push((assistant, session.model, session.spoken.first().cloned().unwrap_or_default()));
    }

    let expected = [
        ("sales", "gpt-realtime-2.1-mini", "Here is sales."),
        ("desk", "gpt-realtime-2.1-mini", "Here is the desk."),
        ("clinic", "gpt-realtime-2.1", "Hello, this is the AI assistant of the Lakeside Clinic. How can I help you?"),
    ];
    assert_eq!(heard, expected.map(|(name, model, spoken)| (name.to_owned(), model.to_owned(), spoken.to_owned())));
    house.finish().await;
}
