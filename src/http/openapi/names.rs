//! What stands in a path, for whatever method.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Required};

struct Name {
    name: &'static str,
    about: &'static str,
    example: &'static str,
}

const NAMES: [Name; 4] = [
    Name { name: "call", about: "Our id of the call, or Twilio's sid", example: "0193b0f2-5d3a-7c41-9f0e-2b6a1c8d4e57" },
    Name { name: "number", about: "A number in E.164; the `+` may be left out", example: "+14155550142" },
    Name { name: "event", about: "The id of an event", example: "evt_17" },
    Name { name: "id", about: "The id of a consent", example: "0193b0f2-5d3a-7c41-9f0e-2b6a1c8d4e57" },
];

pub(super) fn explain(operation: &mut Operation, path: &str) {
    let named = NAMES.iter().filter(|name| path.contains(&format!("{{{}}}", name.name)));
    operation.parameters.get_or_insert_default().extend(named.map(|name| RefOr::T(name.parameter())));
}

impl Name {
    fn parameter(&self) -> Parameter {
        let text = ObjectBuilder::new().schema_type(Type::String).examples([self.example]).build();
        let parameter = ParameterBuilder::new().name(self.name).parameter_in(ParameterIn::Path).required(Required::True);
        parameter.description(Some(self.about)).schema(Some(text)).build()
    }
}
