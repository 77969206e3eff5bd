//! From the environment and files to a `Config`: gather the layers, choose the environment, read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ::config::ValueKind;

use super::desk::Desk;
use super::environment::{Chosen, Environment};
use super::layer::{Layer, Settings};
use super::names;
use super::problem::{Invalid, Notes, Origin, Problem};
use super::reader::{Reader, quoted};
use super::reference::References;
use super::variables::Variables;
use super::{Config, LoadOptions, Loaded, Missing, Scope, Sources};

/// By these Cloud Run and App Engine tell that we run there.
const PLATFORMS: [&str; 2] = ["K_SERVICE", "GAE_ENV"];
/// What platforms call one of our processes, the most exact name first.
const INSTANCES: [&str; 3] = ["GAE_INSTANCE", "K_REVISION", "HOSTNAME"];

pub(super) fn load(env: &BTreeMap<String, String>, options: &LoadOptions) -> Result<Loaded, Invalid> {
    let mut notes = Notes::default();
    let gathered = Gathered::new(env, options, &mut notes);
    let chosen = gathered.environment(&mut notes);
    let settings = gathered.settings(chosen.environment, &mut notes.problems);
    let references = gathered.references();
    let mut reader = Reader::new(&settings, chosen, &references, notes);
    let mut config = Config { instance: gathered.instance(), ..Config::read(&mut reader) };
    let mut assistants = Vec::new();
    if options.scope == Scope::Everything {
        let desk = Desk { settings: &settings, chosen, references: &references };
        assistants = desk.assistants(&options.root, &mut reader, &mut config.assistants);
        config.prices = desk.prices(&options.root, &mut reader).into();
    }
    reader.forgive(|key| options.scope.covers(key));
    warn_of_missing(&mut reader, &config.missing());
    let (settings, warnings) = reader.finish()?;
    Ok(Loaded { config, sources: Sources(settings), assistants, warnings })
}

/// Everything that does not depend on the environment chosen.
struct Gathered {
    root: PathBuf,
    process: Variables,
    dotenv: Variables,
    defaults: Layer,
    known: BTreeSet<String>,
    /// Above the file of the environment, in order.
    upper: Vec<Layer>,
}

impl Gathered {
    fn new(env: &BTreeMap<String, String>, options: &LoadOptions, notes: &mut Notes) -> Self {
        let problems = &mut notes.problems;
        let defaults = Layer::from_toml(include_str!("../../config/default.toml"), &Origin::Default, problems);
        let known = defaults.keys();
        let process = Variables::of_process(env);
        let dotenv = Variables::of_file(&options.root.join(".env"), problems);
        notes.warnings.extend(dotenv.misspelt());
        let mut upper: Vec<Layer> = options.config_file.iter().map(|path| named_file(path, problems)).collect();
        for variables in [&dotenv, &process] {
            upper.extend([variables.flat(&options.root, problems), variables.nested()]);
        }
        upper.push(flags(&options.flags));
        upper.iter_mut().for_each(|layer| layer.refuse_unknown(&known, problems));
        Self { root: options.root.clone(), process, dotenv, defaults, known, upper }
    }

    /// `production` if asked for, on a platform, or where others can reach us; `simulation` only if asked for.
    fn environment(&self, notes: &mut Notes) -> Chosen {
        let asked = self.asked(&mut notes.problems);
        let chosen = Environment::choose(asked, self.platform(), self.reachable_host());
        if asked == Some(Environment::Development) && chosen.environment.is_production() {
            notes
                .warnings
                .push(format!("APP_ENV=development does not hold where others can reach us ({}): this is production", chosen.because));
        }
        chosen
    }

    fn asked(&self, problems: &mut Vec<Problem>) -> Option<Environment> {
        let variables = [&self.process, &self.dotenv].into_iter().find(|v| v.get(APP_ENV).is_some())?;
        let word = variables.get(APP_ENV).map(str::trim)?;
        let environment = Environment::from_word(word);
        if environment.is_none() {
            problems.push(strange_environment(word, variables.origin(APP_ENV)));
        }
        environment
    }

    fn platform(&self) -> Option<&'static str> {
        PLATFORMS.into_iter().find(|name| self.process.get(name).or_else(|| self.dotenv.get(name)).is_some())
    }

    fn instance(&self) -> Option<String> {
        INSTANCES.into_iter().find_map(|name| self.process.get(name)).map(str::to_owned)
    }

    /// Whether the host that would hold in development is more than this machine.
    fn reachable_host(&self) -> Option<&'static str> {
        let settings = self.settings(Environment::Development, &mut Vec::new());
        let address = match settings.value("server.host") {
            ValueKind::String(host) => host.trim().parse::<IpAddr>().ok(),
            _ => None,
        };
        address.filter(|address| !address.is_loopback()).map(|_| "a HOST that others can reach")
    }

    /// Variables of the process win over those of `.env`, also where a file refers to them.
    fn references(&self) -> References {
        References::new(self.dotenv.below(&self.process), &self.root)
    }

    fn settings(&self, environment: Environment, problems: &mut Vec<Problem>) -> Settings {
        let embedded = Layer::from_toml(environment.embedded(), &Origin::Embedded(environment.file()), problems);
        let mut layers = [self.defaults.clone(), embedded, optional_file(&self.root.join(environment.file()), problems)];
        layers.iter_mut().for_each(|layer| layer.refuse_unknown(&self.known, problems));
        Settings::merge(layers.iter().chain(&self.upper))
    }
}

const APP_ENV: &str = "APP_ENV";

/// `--config FILE`: that it is missing is a mistake.
fn named_file(path: &Path, problems: &mut Vec<Problem>) -> Layer {
    match fs::read_to_string(path) {
        Ok(text) => Layer::from_toml(&text, &Origin::File(path.to_owned()), problems),
        Err(error) => {
            problems.push(unreadable(path, &error));
            Layer::default()
        }
    }
}

pub(super) fn optional_file(path: &Path, problems: &mut Vec<Problem>) -> Layer {
    if path.exists() { named_file(path, problems) } else { Layer::default() }
}

fn flags(flags: &[(String, String)]) -> Layer {
    let mut layer = Layer::default();
    for (key, value) in flags {
        layer.insert(key, value.clone(), Origin::Flag(key.clone()));
    }
    layer
}

fn warn_of_missing(reader: &mut Reader<'_>, missing: &[Missing]) {
    if reader.environment.is_production() && !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|m| m.variable).collect();
        reader.warn(format!("no real calls: {} not set", names.join(", ")));
    }
}

fn strange_environment(word: &str, origin: Origin) -> Problem {
    Problem {
        key: names::ENVIRONMENT.to_owned(),
        variable: APP_ENV.to_owned(),
        origin,
        message: format!("{} is not an environment", quoted(word)),
        fix: "write development, production or simulation".to_owned(),
    }
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> Problem {
    Problem {
        key: String::new(),
        variable: String::new(),
        origin: Origin::File(path.to_owned()),
        message: format!("cannot be read: {}", error.kind()),
        fix: "name a TOML file that is there".to_owned(),
    }
}
