//! Measures `gcp-scopes explain` with a long log beside serde_json, which reads the same file into
//! `IgnoredAny`:
//!
//! ```text
//! cargo build --release -p gcp-scopes-cli --bins --examples
//! target/release/examples/log_speed 1024
//! ```
//!
//! The argument is the size of the log in MiB. The log is an array of records as `gcloud logging
//! read --format=json` prints it, on several lines each; every thousandth record is a refusal.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// The time between two readings of the command's memory.
const INTERVAL: Duration = Duration::from_millis(10);

fn main() -> io::Result<()> {
    let size = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1024_u64);
    let own = std::env::current_exe()?;
    let command = own.with_file_name("../gcp-scopes");
    let log = std::env::temp_dir().join(format!("gcp-scopes-log-{}.json", std::process::id()));
    write_log(&log, size << 20)?;
    let result = measure(&command, &log);
    fs::remove_file(&log)?;
    result
}

fn measure(command: &Path, log: &Path) -> io::Result<()> {
    let megabytes = fs::metadata(log)?.len() as f64 / 1e6;
    let speed = |time: Duration| megabytes / time.as_secs_f64();

    let begun = Instant::now();
    let mut child = Command::new(command)
        .args(["explain", "--all", "--format=json"])
        .arg(log)
        .stdout(Stdio::null())
        .spawn()?;
    let memory = peak_memory(&mut child)?;
    let own = begun.elapsed();

    let begun = Instant::now();
    let bytes = fs::read(log)?;
    let _: IgnoredAny = serde_json::from_slice(&bytes)?;
    let whole = begun.elapsed();
    drop(bytes);

    println!("log: {megabytes:.0} MB");
    println!("explain --all: {:.0} MB/s, at most {} MiB of memory", speed(own), memory >> 20);
    println!("serde_json: {:.0} MB/s", speed(whole));
    println!("explain / serde_json: {:.2}", speed(own) / speed(whole));
    Ok(())
}

/// Waits for a process. Returns the peak of its memory in bytes, as Linux reports it.
fn peak_memory(child: &mut Child) -> io::Result<u64> {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
        peak = kilobytes.map_or(peak, |count: u64| count << 10);
        std::thread::sleep(INTERVAL);
    }
    Ok(peak)
}

/// Writes a log of at least this size.
fn write_log(path: &Path, size: u64) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut written = 0;
    let mut number = 0;
    while written < size {
        let text = serde_json::to_string_pretty(&record(number))?.replace('\n', "\n  ");
        let before = if number == 0 { "[\n  " } else { ",\n  " };
        out.write_all(before.as_bytes())?;
        out.write_all(text.as_bytes())?;
        written += (before.len() + text.len()) as u64;
        number += 1;
    }
    out.write_all(b"\n]\n")?;
    out.flush()
}

fn record(number: u64) -> Value {
    // The multiplier of Fibonacci hashing: ids and times of neighbouring records differ, as in
    // real logs.
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let message = match number % 1000 {
        999 => format!(
            "upload {number} failed: googleapi: Error 403: Request had insufficient authentication \
             scopes., forbidden"
        ),
        _ => format!(
            "GET https://storage.googleapis.com/storage/v1/b/kites/o/{number} 200 OK in {} ms",
            spread % 97
        ),
    };
    let time = format!("08:{:02}:{:02}", number / 60 % 60, number % 60);
    json!({
        "insertId": format!("{spread:016x}"),
        "jsonPayload": {"message": message, "request": number, "user": "ann"},
        "logName": "projects/blue-kite-7/logs/run.googleapis.com%2Fstderr",
        "resource": {
            "labels": {
                "configuration_name": "kite",
                "location": "europe-west1",
                "project_id": "blue-kite-7",
                "revision_name": "kite-00007-abc",
                "service_name": "kite"
            },
            "type": "cloud_run_revision"
        },
        "severity": if number % 1000 == 999 { "ERROR" } else { "INFO" },
        "timestamp": format!("2026-11-02T{time}.{:09}Z", spread % 1_000_000_000),
        "trace": format!("projects/blue-kite-7/traces/{spread:016x}{spread:016x}"),
    })
}
