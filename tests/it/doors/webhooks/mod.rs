//! Twilio's questions, and those of others who pretend to be Twilio. Issue and `X-Twilio-Signature`.

mod again;
mod forms;
mod handover;
mod numbers;
mod repeated;
mod signed;

use super::operator::Form;

/// The form with another value in that field, or without it.
fn with(mut form: Form, name: &str, value: Option<&str>) -> Form {
    form.retain(|(known, _)| known != name);
    form.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    form
}
