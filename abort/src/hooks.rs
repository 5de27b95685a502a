//! Hooks that panic. A hook is code that a program gives to a guard.
//!
//! With `panic = "unwind"` the guard catches the panics of hooks that run on its thread. With
//! `panic = "abort"` a panic on any thread ends the process immediately, and no library can catch
//! the panic.

use std::process::Command;

use gcp_scopes::calling::ClientError;
use gcp_scopes::granted::{AccessToken, GrantedScopes, GrantedScopesSource};
use gcp_scopes::token_source::TokenSource;
use gcp_scopes::{Denial, Guard};
use http::{Method, Response};

use crate::checks::{self, ensure};
use crate::{BoxError, executors};

/// The message of every panic in this module.
const PANIC: &str = "a fault in the program's own code";

/// The hooks, by the names that [`run`] accepts.
const HOOKS: [&str; 4] = ["source", "fetch", "token-source", "client-error"];

/// Runs each hook in a process of its own. The panic of the hook must end the process. The process
/// must print that panic alone, with its location in this file.
pub(crate) fn check_all() -> Result<(), BoxError> {
    for hook in HOOKS {
        let output = Command::new(std::env::current_exe()?).arg(hook).output()?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure(!output.status.success(), &format!("{hook}: the process survived its own panic"))?;
        let (panics, place) =
            (error.matches("panicked at").count(), error.contains("src/hooks.rs"));
        ensure(panics == 1 && place && error.contains(PANIC), &format!("{hook}: {error}"))?;
        println!("a panic in the program's own {hook} ends the process, and names the location");
    }
    Ok(())
}

/// Makes a guard call the hook `hook`, which panics.
pub(crate) fn run(hook: &str, host: &str) -> Result<(), BoxError> {
    executors::without_a_runtime(Box::pin(async move {
        let builder = checks::builder(host);
        match hook {
            "source" => call(&builder.source(PanickingHook).build()).await,
            "fetch" => call(&builder.fetch(|_| async { panic!("{PANIC}") }).detect().await).await,
            "token-source" => {
                drop(builder.build().self_check().with_token(PanickingHook).run().await)
            }
            _ => drop(builder.build().explain_error(&PanickingHook)),
        }
        Ok(())
    }))
}

async fn call(guard: &Guard) {
    drop(checks::call(guard, Method::GET, "ya29.mine").await);
}

/// Implements every trait of a hook, with functions that panic.
struct PanickingHook;

impl GrantedScopesSource for PanickingHook {
    fn name(&self) -> &str {
        "a panicking source"
    }

    async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
        panic!("{PANIC}")
    }
}

impl TokenSource for PanickingHook {
    async fn token_for(&self, _: &str) -> Result<String, BoxError> {
        panic!("{PANIC}")
    }
}

/// The client of the error type [`PanickingHook`].
struct PanickingClient;

impl ClientError<PanickingClient> for PanickingHook {
    fn response(&self) -> Option<Response<Vec<u8>>> {
        panic!("{PANIC}")
    }

    fn denial(&self) -> Option<&Denial> {
        None
    }

    fn with_denial(self, _: Denial) -> Self {
        self
    }
}
