//! In which form a client wants its answer.

use actix_web::http::header::{self, Accept, Header as _, Quality, QualityItem};
use actix_web::mime::Mime;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::Problem;
use super::csv::Table;
use crate::types::Code;

/// RFC 4180 section 3.
const CSV: &str = "text/csv; charset=utf-8; header=present";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Csv,
}

impl Format {
    /// The one of ours that the client likes best, JSON if it does not care. RFC 9110 section 12.5.1
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        if !request.headers().contains_key(header::ACCEPT) {
            return Ok(Self::Json);
        }
        let wishes = Accept::parse(request).map_err(|_| Problem::new(Code::MalformedRequest, "the accept header cannot be read"))?;
        let (json, csv) = (liking(&wishes, "application", "json"), liking(&wishes, "text", "csv"));
        match (json > Quality::ZERO, csv > json) {
            (_, true) => Ok(Self::Csv),
            (true, false) => Ok(Self::Json),
            (false, false) => Err(Problem::new(Code::NotAcceptable, "there are application/json and text/csv")),
        }
    }

    /// `name` is what the file is called that a browser makes of a table.
    pub(super) fn answer(self, json: &impl Serialize, table: impl FnOnce() -> Table, name: &str) -> Result<HttpResponse, Problem> {
        let mut answer = HttpResponse::Ok();
        answer.insert_header((header::VARY, "accept"));
        match self {
            Self::Json => Ok(answer.json(json)),
            Self::Csv => {
                let body = table().text().map_err(|error| Problem::internal(&error))?;
                let disposition = format!("attachment; filename=\"{name}.csv\"");
                Ok(answer.insert_header((header::CONTENT_DISPOSITION, disposition)).content_type(CSV).body(body))
            }
        }
    }
}

/// What the wish says that fits most closely.
fn liking(wishes: &[QualityItem<Mime>], kind: &str, subtype: &str) -> Quality {
    let closeness = |wish: &Mime| match (wish.type_().as_str(), wish.subtype().as_str()) {
        (k, s) if k == kind && s == subtype => 3,
        (k, "*") if k == kind => 2,
        ("*", "*") => 1,
        _ => 0,
    };
    let closest = wishes.iter().filter(|wish| closeness(&wish.item) > 0).max_by_key(|wish| closeness(&wish.item));
    closest.map_or(Quality::ZERO, |wish| wish.quality)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn of(accept: &str) -> Option<Format> {
        Format::of(&TestRequest::default().insert_header((header::ACCEPT, accept)).to_http_request()).ok()
    }

    #[test]
    fn the_best_liked_form_is_made() {
        let cases = [
            ("*/*", Some(Format::Json)),
            ("application/json", Some(Format::Json)),
            ("text/csv", Some(Format::Csv)),
            ("text/csv; charset=utf-8", Some(Format::Csv)),
            ("text/*", Some(Format::Csv)),
            ("text/csv;q=0.5, application/json;q=0.4", Some(Format::Csv)),
            ("text/csv;q=0.5, */*;q=0.5", Some(Format::Json)),
            ("text/csv, */*;q=0.1", Some(Format::Csv)),
            ("*/*, application/json;q=0", Some(Format::Csv)),
            ("text/html, application/xml", None),
            ("application/json;q=0, text/csv;q=0", None),
        ];

        for (accept, format) in cases {
            assert_eq!(of(accept), format, "{accept}");
        }
        assert_eq!(Format::of(&TestRequest::default().to_http_request()).ok(), Some(Format::Json));
    }
}
