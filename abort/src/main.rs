//! Checks that a guard does not panic under difficult conditions. The program is built with
//! `panic = "abort"`, so a panic on any thread ends it, even a panic that would be caught.
//!
//! The checks are detection, an allowed call, a predicted refusal, a refusal, and a self-check. No
//! crypto provider for TLS is installed. The checks run:
//!
//! - without a tokio runtime
//! - on runtimes without timer, without I/O, and without both
//! - on runtimes that are dropped while the guard waits for a response
//! - on a complete runtime
//!
//! The checks are also dropped after each of their steps.
//!
//! With `panic = "abort"`, the process cannot survive a panic in a hook (code that the program
//! gives to the guard). For each kind of hook, a child process shows that only the hook's own panic
//! ends the process.

mod checks;
mod executors;
mod hooks;
mod servers;

use std::error::Error;
use std::time::Duration;

use executors::Checks;

type BoxError = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), BoxError> {
    let host = servers::metadata_server()?;
    if let Some(hook) = std::env::args().nth(1) {
        return hooks::run(&hook, &host);
    }
    for (name, run) in executors::EXECUTORS {
        let checks: Checks<'_> = Box::pin(checks::exercise_guard(&host));
        run(checks).map_err(|error| format!("{name}: {error}"))?;
        println!("{name}: passed");
    }
    let steps = executors::drop_after_each_step(|| Box::pin(checks::exercise_guard(&host)))?;
    println!("dropped after each of {steps} steps: passed");
    wait_for_guard_threads()?;
    hooks::check_all()
}

/// Waits up to ten seconds for the threads of the dropped guards to end. Does nothing on systems
/// without `/proc`.
fn wait_for_guard_threads() -> Result<(), BoxError> {
    for _ in 0..1000 {
        let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Ok(()) };
        let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
        let remaining =
            tasks.flatten().filter_map(name).filter(|name| name.trim() == "gcp-scopes").count();
        if remaining == 0 {
            println!("all threads of guards have ended");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err("a thread still runs ten seconds after its guard was dropped".into())
}
