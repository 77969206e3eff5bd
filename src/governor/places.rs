//! Where a number may be, by its first digits: a dated table, `config/places.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::types::PhoneNumber;

/// Read once; a test reads all of it. Of a table that cannot be read, every number may be anywhere.
static PLACES: LazyLock<Places> = LazyLock::new(|| Places::read(include_str!("../../config/places.toml")).unwrap_or_default());

/// The zones that a number may be in, and by what we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    pub because: Because,
    pub zones: Vec<Tz>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The request names the zone, which then counts alone.
    Request,
    AreaCode,
    /// An area code that the table does not have.
    UnknownAreaCode,
    Country,
    /// A country that the table does not have.
    UnknownCountry,
}

#[derive(Debug, Default)]
struct Places {
    as_of: String,
    areas: BTreeMap<u16, Area>,
    countries: BTreeMap<String, Vec<Tz>>,
    /// Of the United States and Canada.
    home: Vec<Tz>,
}

/// What one area code serves.
#[derive(Debug)]
struct Area {
    place: String,
    country: String,
    zones: Vec<Tz>,
}

#[derive(Deserialize)]
struct File {
    as_of: String,
    areas: Vec<Entry>,
    countries: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Entry {
    place: String,
    country: String,
    zones: Vec<String>,
    codes: Vec<u16>,
}

/// The day of the table.
#[must_use]
pub fn as_of() -> &'static str {
    &PLACES.as_of
}

/// Whether these are two letters of the United States or of Canada, without their territories elsewhere.
#[must_use]
pub fn is_home(country: &str) -> bool {
    matches!(country, "US" | "CA")
}

/// State or province, and country, that an area code of +1 serves.
#[must_use]
pub fn area(number: &PhoneNumber) -> Option<(&'static str, &'static str)> {
    let area = PLACES.areas.get(&area_code(number)?)?;
    Some((&area.place, &area.country))
}

impl Candidates {
    #[must_use]
    pub fn of(number: &PhoneNumber) -> Self {
        if number.as_str().starts_with("+1") {
            let area = area_code(number).and_then(|code| PLACES.areas.get(&code));
            return match area {
                Some(area) => Self { because: Because::AreaCode, zones: area.zones.clone() },
                None => Self { because: Because::UnknownAreaCode, zones: PLACES.home.clone() },
            };
        }
        match number.class().region.and_then(|region| PLACES.countries.get(&region)) {
            Some(zones) => Self { because: Because::Country, zones: zones.clone() },
            None => Self { because: Because::UnknownCountry, zones: anywhere() },
        }
    }
}

/// A clock for each hour of the world, from UTC-12 to UTC+14; the database spells them with the sign turned round.
fn anywhere() -> Vec<Tz> {
    (-14..=12).filter_map(|hours: i32| format!("Etc/GMT{hours:+}").parse().ok()).collect()
}

/// The three digits after +1, of a number that has ten.
fn area_code(number: &PhoneNumber) -> Option<u16> {
    let digits = number.as_str().strip_prefix("+1").filter(|digits| digits.len() == 10)?;
    digits.get(..3)?.parse().ok()
}

impl Places {
    fn read(text: &str) -> Option<Self> {
        let file: File = toml::from_str(text).ok()?;
        let mut areas = BTreeMap::new();
        for entry in file.areas {
            let zones = zones(&entry.zones)?;
            let area = |_: &u16| Area { place: entry.place.clone(), country: entry.country.clone(), zones: zones.clone() };
            areas.extend(entry.codes.iter().map(|code| (*code, area(code))));
        }
        let countries = file.countries.into_iter().map(|(country, names)| Some((country, zones(&names)?))).collect::<Option<_>>()?;
        let home = areas.values().filter(|area| is_home(&area.country)).flat_map(|area| area.zones.iter().map(|zone| zone.name()));
        let home = home.collect::<BTreeSet<_>>().into_iter().filter_map(|name| name.parse().ok()).collect();
        Some(Self { as_of: file.as_of, areas, countries, home })
    }
}

/// None for none: a place without a clock could be called at any time.
fn zones(names: &[String]) -> Option<Vec<Tz>> {
    let zones: Option<Vec<Tz>> = names.iter().map(|name| name.parse().ok()).collect();
    zones.filter(|zones| !zones.is_empty())
}

#[cfg(test)]
#[path = "tests/places.rs"]
mod tests;
