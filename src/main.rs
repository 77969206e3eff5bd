//! The binary: one runtime, one command, one exit code.

fn main() {
    let env = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let code = actix_rt::System::new().block_on(alpha_call::cli::run(env.collect()));
    std::process::exit(code);
}
