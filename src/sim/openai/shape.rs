//! Shapes that client JSON must have, and the errors that tell how it has not.

use serde_json::Value;

/// Why an event is refused, in the words of the `error` event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: Option<&'static str>,
    pub(super) message: String,
    pub(super) param: Option<String>,
}

impl Fault {
    pub(super) fn new(code: &'static str, param: &str, message: String) -> Self {
        Self { code: Some(code), message, param: Some(param.to_owned()) }
    }

    /// About the event as a whole.
    pub(super) fn bare(code: &'static str, message: &str) -> Self {
        Self { code: Some(code), message: message.to_owned(), param: None }
    }
}

/// A shape of JSON. Keys that an object does not list are refused.
pub(super) enum Shape {
    Anything,
    Text,
    Bool,
    Integer(i64, i64),
    Number(f64, f64),
    Word(&'static [&'static str]),
    List(&'static Self),
    /// A list of exactly one.
    Single(&'static Self),
    /// Any keys, all values of one shape.
    Map(&'static Self),
    Object(&'static [Field]),
    /// The shape depends on the word under this key.
    Tagged(&'static str, &'static [(&'static str, Self)]),
    OneOf(&'static [Self]),
    Null,
}

pub(super) struct Field {
    name: &'static str,
    shape: Shape,
    required: bool,
}

pub(super) const fn must(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: true }
}

pub(super) const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false }
}

impl Shape {
    /// Compares `value`, which stands at `path`, with this shape.
    pub(super) fn check(&self, value: &Value, path: &str) -> Result<(), Fault> {
        match self {
            Self::Anything => Ok(()),
            Self::Text => expect(value.is_string(), value, path, "a string"),
            Self::Bool => expect(value.is_boolean(), value, path, "a boolean"),
            Self::Null => expect(value.is_null(), value, path, "null"),
            Self::Integer(min, max) => check_integer(value, path, *min, *max),
            Self::Number(min, max) => check_number(value, path, *min, *max),
            Self::Word(words) => check_word(value, path, words),
            Self::List(shape) => check_list(value, path, shape),
            Self::Single(shape) => check_single(value, path, shape),
            Self::Map(shape) => check_map(value, path, shape),
            Self::Object(fields) => check_object(value, path, fields),
            Self::Tagged(key, shapes) => check_tagged(value, path, key, shapes),
            Self::OneOf(shapes) => check_one_of(value, path, shapes),
        }
    }
}

fn expect(holds: bool, value: &Value, path: &str, what: &str) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(wrong_type(value, path, what)) }
}

fn wrong_type(value: &Value, path: &str, what: &str) -> Fault {
    let message = format!("Invalid type for '{path}': expected {what}, but got {} instead.", name_of(value));
    Fault::new("invalid_type", path, message)
}

const fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn check_integer(value: &Value, path: &str, min: i64, max: i64) -> Result<(), Fault> {
    if value.is_f64() {
        let message = format!("Invalid type for '{path}': expected an integer, but got a decimal number instead.");
        return Err(Fault::new("invalid_type", path, message));
    }
    let number = value.as_i64().ok_or_else(|| wrong_type(value, path, "an integer"))?;
    if number < min {
        let message = format!("Invalid '{path}': integer below minimum value. Expected a value >= {min}, but got {number} instead.");
        return Err(Fault::new("integer_below_min_value", path, message));
    }
    if number > max {
        let message = format!("Invalid '{path}': integer above maximum value. Expected a value <= {max}, but got {number} instead.");
        return Err(Fault::new("integer_above_max_value", path, message));
    }
    Ok(())
}

fn check_number(value: &Value, path: &str, min: f64, max: f64) -> Result<(), Fault> {
    let number = value.as_f64().ok_or_else(|| wrong_type(value, path, "a number"))?;
    if (min..=max).contains(&number) {
        return Ok(());
    }
    let message = format!("Invalid value: {number}. '{path}' must lie between {min} and {max}.");
    Err(Fault::new("invalid_value", path, message))
}

fn check_word(value: &Value, path: &str, words: &[&str]) -> Result<(), Fault> {
    let word = value.as_str().ok_or_else(|| wrong_type(value, path, "a string"))?;
    if words.contains(&word) { Ok(()) } else { Err(wrong_word(word, path, words)) }
}

fn wrong_word(word: &str, path: &str, words: &[&str]) -> Fault {
    let supported: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let message = format!("Invalid value: '{word}'. Supported values are: {}.", supported.join(", "));
    Fault::new("invalid_value", path, message)
}

fn check_list(value: &Value, path: &str, shape: &Shape) -> Result<(), Fault> {
    let items = value.as_array().ok_or_else(|| wrong_type(value, path, "an array"))?;
    items.iter().enumerate().try_for_each(|(n, item)| shape.check(item, &format!("{path}[{n}]")))
}

fn check_single(value: &Value, path: &str, shape: &Shape) -> Result<(), Fault> {
    check_list(value, path, shape)?;
    let single = value.as_array().is_some_and(|items| items.len() == 1);
    if single { Ok(()) } else { Err(Fault::new("invalid_value", path, format!("Invalid value: '{path}' must hold exactly one word."))) }
}

fn check_map(value: &Value, path: &str, shape: &Shape) -> Result<(), Fault> {
    let map = value.as_object().ok_or_else(|| wrong_type(value, path, "an object"))?;
    map.iter().try_for_each(|(key, item)| shape.check(item, &join(path, key)))
}

fn check_object(value: &Value, path: &str, fields: &[Field]) -> Result<(), Fault> {
    let map = value.as_object().ok_or_else(|| wrong_type(value, path, "an object"))?;
    if let Some(key) = map.keys().find(|key| fields.iter().all(|field| field.name != key.as_str())) {
        let path = join(path, key);
        return Err(Fault::new("unknown_parameter", &path, format!("Unknown parameter: '{path}'.")));
    }
    for field in fields {
        let path = join(path, field.name);
        match map.get(field.name) {
            Some(value) => field.shape.check(value, &path)?,
            None if field.required => return Err(missing(&path)),
            None => {}
        }
    }
    Ok(())
}

fn check_tagged(value: &Value, path: &str, key: &str, shapes: &[(&str, Shape)]) -> Result<(), Fault> {
    let map = value.as_object().ok_or_else(|| wrong_type(value, path, "an object"))?;
    let key_path = join(path, key);
    let tag = map.get(key).ok_or_else(|| missing(&key_path))?;
    let word = tag.as_str().ok_or_else(|| wrong_type(tag, &key_path, "a string"))?;
    match shapes.iter().find(|(tag, _)| *tag == word) {
        Some((_, shape)) => shape.check(value, path),
        None => Err(wrong_word(word, &key_path, &shapes.iter().map(|(tag, _)| *tag).collect::<Vec<_>>())),
    }
}

/// The complaint of the last shape is the one that is told.
fn check_one_of(value: &Value, path: &str, shapes: &[Shape]) -> Result<(), Fault> {
    let mut verdict = Ok(());
    for shape in shapes {
        verdict = shape.check(value, path);
        if verdict.is_ok() {
            break;
        }
    }
    verdict
}

fn missing(path: &str) -> Fault {
    Fault::new("missing_required_parameter", path, format!("Missing required parameter: '{path}'."))
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SHAPE: Shape =
        Shape::Object(&[must("n", Shape::Integer(0, 9)), may("w", Shape::OneOf(&[Shape::Null, Shape::Word(&["a", "b"])]))]);

    fn code(value: &Value) -> Option<(&'static str, String)> {
        SHAPE.check(value, "").err().map(|fault| (fault.code.unwrap_or_default(), fault.param.unwrap_or_default()))
    }

    #[test]
    fn what_fits_passes() {
        assert_eq!(code(&json!({"n": 0})), None);
        assert_eq!(code(&json!({"n": 9, "w": null})), None);
        assert_eq!(code(&json!({"n": 9, "w": "b"})), None);
    }

    #[test]
    fn each_misfit_has_its_code_and_names_its_place() {
        let misfits = [
            (json!({}), "missing_required_parameter", "n"),
            (json!({"n": 1.5}), "invalid_type", "n"),
            (json!({"n": 1.0}), "invalid_type", "n"),
            (json!({"n": "1"}), "invalid_type", "n"),
            (json!({"n": -1}), "integer_below_min_value", "n"),
            (json!({"n": 10}), "integer_above_max_value", "n"),
            (json!({"n": 1, "w": "c"}), "invalid_value", "w"),
            (json!({"n": 1, "x": 1}), "unknown_parameter", "x"),
        ];
        for (value, expected, param) in misfits {
            assert_eq!(code(&value), Some((expected, param.to_owned())), "{value}");
        }
    }
}
