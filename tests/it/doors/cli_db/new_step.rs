use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::process::{Shell, Told};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const PACKAGE: &str = "migration-of-a-test";

/// A copy of the migration package, in a workspace of its own with the same dependencies, so that they are built already. No package in it
/// has a name of ours: cargo would put what it builds in the place of ours.
struct Tree {
    folder: PathBuf,
}

impl Tree {
    /// In the same place every time: what cargo builds of it takes the place of what it built before.
    fn copied(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        let sources = folder.join("migration/src");
        fs::create_dir_all(&sources).expect("a folder");
        fs::create_dir(folder.join("src")).expect("a folder");
        for entry in fs::read_dir(Path::new(HERE).join("migration/src")).expect("sources") {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), sources.join(entry.file_name())).expect("copied");
        }
        for file in ["Cargo.lock", "rustfmt.toml", "rust-toolchain.toml"] {
            fs::copy(Path::new(HERE).join(file), folder.join(file)).expect(file);
        }
        let sections =
            text("Cargo.toml").split("\n\n").filter(|section| !section.starts_with("[[bench]]")).collect::<Vec<_>>().join("\n\n");
        let workspace = renamed(&sections, "name = \"alpha-call\"", "name = \"tree-of-a-test\"");
        let workspace = renamed(&workspace, "default-run = \"alpha-call\"\n", "");
        let workspace = renamed(&workspace, "{ path = \"migration\" }", &format!("{{ path = \"migration\", package = \"{PACKAGE}\" }}"));
        let package = renamed(&text("migration/Cargo.toml"), "name = \"migration\"", &format!("name = \"{PACKAGE}\""));
        fs::write(folder.join("Cargo.toml"), workspace).expect("written");
        fs::write(folder.join("migration/Cargo.toml"), package).expect("written");
        fs::write(folder.join("src/lib.rs"), "pub use migration::Migrator;\n").expect("written");
        Self { folder }
    }

    fn create(&self, message: &str) -> Told {
        let below = self.folder.join("migration/src");
        Shell::new().run_in(&below, &["db", "create-migration", "--message", message])
    }

    fn register(&self) -> String {
        fs::read_to_string(self.folder.join("migration/src/lib.rs")).expect("a register")
    }

    fn cargo(&self, arguments: &[&str]) {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let target = Path::new(env!("CARGO_BIN_EXE_alpha-call")).ancestors().nth(2).expect("the target folder");
        let mut command = Command::new(cargo);
        // What cargo tells a test of its package would make the dependencies that ask for it stale.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(&self.folder).env("CARGO_TARGET_DIR", target);
        let output = command.output().expect("cargo runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn text(file: &str) -> String {
    fs::read_to_string(Path::new(HERE).join(file)).expect(file)
}

fn renamed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "no {from} in {text}");
    text.replace(from, to)
}

#[test]
fn a_new_step_compiles_and_stands_last() {
    let tree = Tree::copied("new-step");

    for message in ["Add new feature", "Keep: the customer's number"] {
        let told = tree.create(message);
        assert_eq!(told.code, Some(0), "{told}");
        assert!(told.out.contains("wrote ") && told.out.contains("cargo check -p migration"), "{told}");
    }

    let register = tree.register();
    let order: Vec<usize> =
        ["_calls::Migration", "_record::Migration", "_add_new_feature::Migration", "_keep_the_customer_s_number::Migration"]
            .iter()
            .map(|step| register.find(step).unwrap_or_else(|| panic!("no {step} in {register}")))
            .collect();
    assert!(order.is_sorted(), "{register}");
    tree.cargo(&["fmt", "-p", PACKAGE, "--check"]);
    tree.cargo(&["build", "--offline", "--quiet", "--lib"]);
}

#[test]
fn a_message_without_letters_is_refused_and_nothing_is_written() {
    let tree = Tree::copied("no-step");
    let before = tree.register();

    for message in ["", " ", "…", "новый"] {
        let told = tree.create(message);
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.err.contains("Add new feature"), "{told}");
    }
    assert_eq!(tree.register(), before);
}

#[test]
fn elsewhere_than_in_the_sources_there_is_nothing_to_write_to() {
    let told = Shell::new().run(&["db", "create-migration", "--message", "Add new feature"]);

    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.err.contains("run this in the source tree of alpha-call"), "{told}");
}
