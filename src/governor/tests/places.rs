use super::*;

fn candidates(number: &str) -> Candidates {
    Candidates::of(&number.parse().expect("E.164"))
}

fn names(number: &str) -> Vec<&'static str> {
    candidates(number).zones.iter().map(|zone| zone.name()).collect()
}

#[test]
fn the_table_is_read_to_its_last_line() {
    let text = include_str!("../../../config/places.toml");

    let places = Places::read(text).expect("every zone is known");

    let codes: usize = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| line.split([' ', ',', '[', ']']))
        .filter(|word| word.len() == 3 && word.parse::<u16>().is_ok())
        .count();
    assert_eq!((places.areas.len(), places.as_of.len()), (codes, 10), "each code once");
    assert!(codes > 400 && places.countries.len() > 40 && places.home.len() > 20, "{codes}");
    assert!(places.areas.keys().all(|code| (200..1_000).contains(code)));
}

#[test]
fn an_area_code_that_lies_in_two_zones_has_both() {
    assert_eq!(names("+14155550100"), ["America/Los_Angeles"]);
    assert_eq!(names("+18505550100"), ["America/New_York", "America/Chicago"]);
    assert_eq!(names("+17095550100"), ["America/St_Johns", "America/Goose_Bay"]);
    assert_eq!(names("+16025550100"), ["America/Phoenix"]);
    assert_eq!(candidates("+14155550100").because, Because::AreaCode);
    assert_eq!(area(&"+18505550100".parse().expect("E.164")), Some(("Florida", "US")));
}

#[test]
fn an_area_code_that_nobody_knows_may_be_anywhere_at_home() {
    for number in ["+18005550100", "+12345678", "+19995550100"] {
        let found = candidates(number);

        assert_eq!(found.because, Because::UnknownAreaCode, "{number}");
        for zone in [Tz::Pacific__Honolulu, Tz::America__St_Johns, Tz::America__Regina, Tz::America__Adak] {
            assert!(found.zones.contains(&zone), "{number}: {zone}");
        }
        assert!(!found.zones.contains(&Tz::Pacific__Guam), "{number}");
    }
}

#[test]
fn other_countries_have_their_zones_or_all_of_the_world() {
    assert_eq!(names("+442071838750"), ["Europe/London"]);
    let nowhere = candidates("+881612345678");
    assert_eq!((nowhere.because, nowhere.zones.len()), (Because::UnknownCountry, 27));
}
