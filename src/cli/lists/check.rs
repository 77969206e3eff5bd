//! `dnc check`: what a call to a number would be told now, and why.

use chrono::{DateTime, Utc};

use super::args::Check;
use super::stamp;
use crate::actors::compliance::{Verdict, callee};
use crate::cli::db::Desk;
use crate::cli::db::failure::{Failure, Outcome};
use crate::cli::screen::{Paint, say, wrap};
use crate::governor::Refusal;
use crate::governor::compliance::{Consent, Finding, Judgement, Listed};
use crate::governor::places::{self, Because};
use crate::store::RemovedNumber;
use crate::types::PhoneNumber;

/// Columns of a line's text, behind word and name.
const TEXT: usize = 72;
const MARGIN: usize = 25;
/// Zones that are shown one by one.
const SHOWN: usize = 12;

pub async fn check(desk: &Desk, wish: &Check) -> Outcome {
    let callee = callee(&desk.store, wish.number.clone(), wish.time_zone, wish.at.unwrap_or_else(Utc::now)).await;
    if callee.standing.is_none() {
        desk.store.vitals().await?;
        return Err(Failure::other("the lists cannot be read: `alpha-call db migrate` makes them"));
    }
    let verdict = Verdict::of(&desk.config, &callee);
    let refusal = verdict.refusal.as_ref();
    if wish.json {
        say(&verdict.on_record(refusal).unwrap_or_default());
        return Ok(i32::from(refusal.is_some()));
    }
    let removals = desk.store.removals(&wish.number).await?;
    for line in lines(&wish.number, &verdict, &removals, Paint::detect()) {
        say(&line);
    }
    Ok(i32::from(refusal.is_some()))
}

fn lines(number: &PhoneNumber, verdict: &Verdict, removals: &[RemovedNumber], paint: Paint) -> Vec<String> {
    let told = &verdict.judgement;
    let mut page = Page { paint, lines: Vec::new() };
    page.note("number", &place(number));
    page.rule(verdict.authorization, "authorization", &authorized(verdict));
    page.rule(told.do_not_call, "do not call", &listed(told.listed.as_ref()));
    for removal in removals {
        page.note("", &taken_off(removal));
    }
    page.rule(told.consent, "consent", &consent(told.on_consent.as_ref()));
    page.rule(told.quiet_hours, "calling hours", &hours(told));
    page.clocks(told);
    page.lines.push(String::new());
    page.end(verdict.refusal.as_ref(), told.at);
    page.lines
}

struct Page {
    paint: Paint,
    lines: Vec<String>,
}

impl Page {
    fn rule(&mut self, finding: Finding, name: &str, text: &str) {
        let (word, more) = match finding {
            Finding::Passed => (self.paint.green("ok       "), ""),
            Finding::Refused => (self.paint.red("refused  "), ""),
            Finding::Exempt => (self.paint.green("exempt   "), "; a verified number is exempt"),
            Finding::NotRequired => (self.paint.dim("not asked"), "; not required by the configuration"),
            Finding::Unknown => (self.paint.red("unknown  "), ""),
        };
        self.put(&word, name, &format!("{text}{more}"));
    }

    fn note(&mut self, name: &str, text: &str) {
        self.put("         ", name, text);
    }

    fn put(&mut self, word: &str, name: &str, text: &str) {
        for (n, line) in wrap(text, TEXT).into_iter().enumerate() {
            let lead = if n == 0 { format!("  {word}  {name:<13} ") } else { " ".repeat(MARGIN + 2) };
            self.lines.push(format!("{lead}{line}").trim_end().to_owned());
        }
    }

    fn clocks(&mut self, told: &Judgement) {
        let clocks = &told.zones.clocks;
        let widest = clocks.iter().map(|clock| clock.zone.len()).max().unwrap_or_default();
        for clock in clocks.iter().take(SHOWN) {
            self.lines.push(format!("{}{:<widest$}  {}", " ".repeat(MARGIN + 2), clock.zone, clock.local));
        }
        if let Some(more) = clocks.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            self.lines.push(format!("{}and {more} more", " ".repeat(MARGIN + 2)));
        }
    }

    fn end(&mut self, refusal: Option<&Refusal>, at: DateTime<Utc>) {
        let at = stamp(at);
        let text = match refusal {
            None => self.paint.green(&format!("at {at} it could be called")),
            Some(refusal) => self.paint.red(&format!("at {at} it would be refused: {}", refusal.code())),
        };
        self.lines.push(text);
        if let Some(Refusal::QuietHours { until, .. }) = refusal {
            self.lines.push(match until {
                Some(until) => format!("it could be called from {} on", stamp(*until)),
                None => "no time suits all of these zones: name the one that counts, --time-zone".to_owned(),
            });
        }
    }
}

fn place(number: &PhoneNumber) -> String {
    let class = number.class();
    let place = match (places::area(number), class.region) {
        (Some((place, country)), _) => format!("{place} ({country})"),
        (None, Some(region)) => region,
        (None, None) => "of no known plan".to_owned(),
    };
    let kind = if class.ordinary { "" } else { ", not an ordinary line" };
    format!("{}, {place}{kind}", number.as_str())
}

fn authorized(verdict: &Verdict) -> String {
    let text = match (&verdict.refusal, verdict.judgement.verified) {
        (_, true) => "one of VERIFIED_PHONE_NUMBERS",
        (Some(Refusal::NotAuthorized), _) => "not one of VERIFIED_PHONE_NUMBERS",
        (Some(Refusal::PremiumOrForeign), _) => "not an ordinary line of the United States or Canada",
        _ => "an ordinary line of the United States or Canada",
    };
    text.to_owned()
}

fn listed(listed: Option<&Listed>) -> String {
    listed.map_or_else(|| "not on the list".to_owned(), |listed| format!("on the list since {} ({})", stamp(listed.at), listed.source))
}

fn taken_off(removal: &RemovedNumber) -> String {
    let by = removal.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let reason = removal.reason.as_ref().map(|reason| format!(": {}", reason.0)).unwrap_or_default();
    format!("stood there from {} to {}, taken off{by}{reason}", stamp(removal.was.at), stamp(removal.at))
}

fn consent(consent: Option<&Consent>) -> String {
    let Some(consent) = consent else { return "none on record".to_owned() };
    let Consent { basis, text_version, source, given_at, revoked_at } = consent;
    let revoked = revoked_at.map(|at| format!(", revoked {}", stamp(at))).unwrap_or_default();
    format!("{basis}, text {text_version}, given {} ({source}){revoked}", stamp(*given_at))
}

fn hours(told: &Judgement) -> String {
    let because = match told.zones.because {
        Because::Request => "the time zone that was named",
        Because::AreaCode => "every zone of the area code",
        Because::UnknownAreaCode => "an area code that is not known: every zone of the United States and Canada",
        Because::Country => "every zone of the country",
        Because::UnknownCountry => "a place that is not known: every zone there is",
    };
    format!("{} in {because} (table of {}, zones {})", told.calling_hours, told.zones.as_of, told.zones.database)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::governor::compliance::{CompliancePolicy, judge};
    use crate::governor::{Callee, CallingHours, Standing};

    fn page(number: &str, standing: Standing, at: &str) -> Vec<String> {
        let policy = CompliancePolicy { hours: CallingHours::new(480, 1260).expect("hours"), require_consent: true };
        let number: PhoneNumber = number.parse().expect("E.164");
        let callee = Callee { number: number.clone(), time_zone: None, standing: Some(standing), at: at.parse().expect("a moment") };
        let judgement = judge(&policy, &callee, false);
        let refusal = judgement.refusal();
        lines(&number, &Verdict { authorization: Finding::Passed, judgement, refusal }, &[], Paint::none())
    }

    #[test]
    fn a_number_is_told_with_every_rule_and_its_clocks() {
        let lines = page("+18505550142", Standing::default(), "2026-11-23T13:30:00Z");

        let told = [
            "             number        +18505550142, Florida (US)",
            "  ok         authorization an ordinary line of the United States or Canada",
            "  ok         do not call   not on the list",
            "  refused    consent       none on record",
        ];
        assert_eq!(lines[..4], told);
        assert!(lines[4].starts_with("  refused    calling hours 08:00-21:00 in every zone of the area code (table of 20"), "{lines:#?}");
        assert!(lines.contains(&"                           America/New_York  2026-11-23 08:30".to_owned()), "{lines:#?}");
        assert!(lines.contains(&"                           America/Chicago   2026-11-23 07:30".to_owned()), "{lines:#?}");
        assert_eq!(lines.last().map(String::as_str), Some("at 2026-11-23T13:30:00Z it would be refused: no-consent"));
    }

    #[test]
    fn the_page_fits_100_columns_however_much_there_is_to_tell() {
        let long = |words: &str| words.repeat(40);
        let at = "2026-01-02T00:00:00Z".parse().expect("a moment");
        let consent =
            Consent { basis: long("basis "), text_version: "1".to_owned(), source: long("form "), given_at: at, revoked_at: None };

        let lines = page("+18005550142", Standing { listed: None, consent: Some(consent) }, "2026-11-23T03:30:00Z");

        assert!(lines.iter().all(|line| line.chars().count() <= 100), "{lines:#?}");
        assert!(lines.iter().any(|line| line.trim_start().starts_with("and ")), "{lines:#?}");
        assert!(lines.last().is_some_and(|line| line.starts_with("it could be called from 2026-11-23T")), "{lines:#?}");
    }
}
