//! Arguments against the JSON schema of their tool, as far as tools use it: types, words, fields, bounds.
//! <https://json-schema.org/draft/2020-12/json-schema-validation>

use serde_json::{Map, Value};

/// What is wrong with the value, and what would be right.
pub(super) fn check(schema: &Value, value: &Value) -> Result<(), String> {
    at("", schema, value)
}

fn at(place: &str, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(types) = schema.get("type") {
        kind(place, types, value)?;
    }
    if let Some(Value::Array(words)) = schema.get("enum")
        && !words.contains(value)
    {
        return Err(format!("{} must be one of {}", name(place), Value::Array(words.clone())));
    }
    match value {
        Value::Object(fields) => object(place, schema, fields),
        Value::Array(items) => {
            let Some(schema) = schema.get("items") else { return Ok(()) };
            items.iter().enumerate().try_for_each(|(n, item)| at(&inside(place, &n.to_string()), schema, item))
        }
        Value::String(text) => length(place, schema, text.chars().count() as u64),
        Value::Number(number) => bounds(place, schema, number.as_f64().unwrap_or_default()),
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn kind(place: &str, types: &Value, value: &Value) -> Result<(), String> {
    let wanted: Vec<&str> = match types {
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        word => word.as_str().into_iter().collect(),
    };
    let fits = wanted.iter().any(|word| is(word, value));
    if fits { Ok(()) } else { Err(format!("{} must be of type {}", name(place), wanted.join(" or "))) }
}

fn is(word: &str, value: &Value) -> bool {
    match value {
        Value::Null => word == "null",
        Value::Bool(_) => word == "boolean",
        Value::String(_) => word == "string",
        Value::Array(_) => word == "array",
        Value::Object(_) => word == "object",
        Value::Number(number) => word == "number" || word == "integer" && number.as_f64().is_some_and(|number| number.fract() == 0.0),
    }
}

/// A field that the schema does not name is one too many, unless the schema says otherwise.
fn object(place: &str, schema: &Value, fields: &Map<String, Value>) -> Result<(), String> {
    let none = Map::new();
    let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|field| !fields.contains_key(*field)) {
        return Err(format!("`{}` is missing", inside(place, missing)));
    }
    for (field, value) in fields {
        let place = inside(place, field);
        match (known.get(field), schema.get("additionalProperties")) {
            (Some(schema), _) | (None, Some(schema @ Value::Object(_))) => at(&place, schema, value)?,
            (None, Some(Value::Bool(true))) => {}
            (None, _) => {
                let fields: Vec<&str> = known.keys().map(String::as_str).collect();
                return Err(format!("there is no `{place}`, only: {}", fields.join(", ")));
            }
        }
    }
    Ok(())
}

fn length(place: &str, schema: &Value, chars: u64) -> Result<(), String> {
    let bound = |word: &str| schema.get(word).and_then(Value::as_u64);
    match (bound("minLength"), bound("maxLength")) {
        (Some(least), _) if chars < least => Err(format!("{} must have at least {least} characters", name(place))),
        (_, Some(most)) if chars > most => Err(format!("{} must have at most {most} characters", name(place))),
        _ => Ok(()),
    }
}

fn bounds(place: &str, schema: &Value, number: f64) -> Result<(), String> {
    let bound = |word: &str| schema.get(word).and_then(Value::as_f64);
    match (bound("minimum"), bound("maximum")) {
        (Some(least), _) if number < least => Err(format!("{} must be at least {least}", name(place))),
        (_, Some(most)) if number > most => Err(format!("{} must be at most {most}", name(place))),
        _ => Ok(()),
    }
}

fn name(place: &str) -> String {
    if place.is_empty() { "the arguments".to_owned() } else { format!("`{place}`") }
}

fn inside(place: &str, field: &str) -> String {
    if place.is_empty() { field.to_owned() } else { format!("{place}.{field}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_what_would_be_right() {
        let schema = json!({
            "type": "object",
            "properties": {
                "day": {"type": "string", "enum": ["mon", "tue"]},
                "seats": {"type": "integer", "minimum": 1, "maximum": 8},
                "name": {"type": ["string", "null"], "minLength": 2, "maxLength": 4},
                "tags": {"type": "array", "items": {"type": "string"}},
                "guest": {"type": "object", "properties": {"age": {"type": "number"}}, "required": ["age"]},
            },
            "required": ["day"],
            "additionalProperties": false,
        });
        let right = json!({"day": "mon", "seats": 2.0, "name": null, "tags": ["a"], "guest": {"age": 1.5}});
        assert_eq!(check(&schema, &right), Ok(()));

        for (wrong, text) in [
            (json!([]), "the arguments must be of type object"),
            (json!({}), "`day` is missing"),
            (json!({"day": "sun"}), r#"`day` must be one of ["mon","tue"]"#),
            (json!({"day": 1}), "`day` must be of type string"),
            (json!({"day": "mon", "seats": 1.5}), "`seats` must be of type integer"),
            (json!({"day": "mon", "seats": 0}), "`seats` must be at least 1"),
            (json!({"day": "mon", "seats": 9}), "`seats` must be at most 8"),
            (json!({"day": "mon", "name": "ü"}), "`name` must have at least 2 characters"),
            (json!({"day": "mon", "name": "üüüüü"}), "`name` must have at most 4 characters"),
            (json!({"day": "mon", "name": true}), "`name` must be of type string or null"),
            (json!({"day": "mon", "tags": ["a", 1]}), "`tags.1` must be of type string"),
            (json!({"day": "mon", "guest": {}}), "`guest.age` is missing"),
            (json!({"day": "mon", "x": 1}), "there is no `x`, only: day, guest, name, seats, tags"),
        ] {
            assert_eq!(check(&schema, &wrong), Err(text.to_owned()), "{wrong}");
        }
    }

    #[test]
    fn unnamed_fields_are_let_in_where_the_schema_says_so() {
        assert!(check(&json!({"type": "object"}), &json!({"a": 1})).is_err());
        assert_eq!(check(&json!({"additionalProperties": true}), &json!({"a": 1})), Ok(()));
        let texts = json!({"additionalProperties": {"type": "string"}});
        assert_eq!(check(&texts, &json!({"a": 1})), Err("`a` must be of type string".to_owned()));
    }
}
