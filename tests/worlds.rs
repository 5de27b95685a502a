//! What a person is told in every place where a program can run, with every credential it can have.
#![cfg(all(feature = "testing", feature = "reqwest", feature = "catalog-full"))]

#[path = "worlds/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Result, ensure};
use gcp_scopes::Denial;
use world::World;

/// What is compared: both questions, the line for a log, and the page for a person.
fn told(denial: &Denial) -> String {
    let here = denial.environment();
    let (platform, credential) = (here.platform().as_str(), here.credential().as_str());
    format!("platform: {platform}\ncredential: {credential}\n\n{denial}\n\n{}", denial.report())
}

#[tokio::test]
async fn every_world_gets_its_own_report() -> Result<()> {
    let update = std::env::var("UPDATE_WORLDS").is_ok_and(|value| value == "1");
    let mut wrong = Vec::new();
    for world in World::all()? {
        let told = told(&world.denial().await?);
        let expected = fs::read_to_string(world.path("report")).unwrap_or_default();
        if told != expected {
            wrong.push(world.name());
            match update {
                true => fs::write(world.path("report"), told)?,
                false => println!("== {}\n{told}", world.name()),
            }
        }
    }
    ensure!(update || wrong.is_empty(), "not as expected (UPDATE_WORLDS=1 rewrites them): {wrong:?}");
    Ok(())
}

#[tokio::test]
async fn every_platform_and_every_credential_has_a_world() -> Result<()> {
    let (mut platforms, mut credentials) = (BTreeSet::new(), BTreeSet::new());
    for world in World::all()? {
        let denial = world.denial().await?;
        platforms.insert(denial.environment().platform().as_str());
        credentials.insert(denial.environment().credential().as_str());
    }
    ensure!(platforms.len() == 17, "{platforms:?}");
    ensure!(credentials.len() == 10, "{credentials:?}");
    Ok(())
}

#[tokio::test]
async fn no_step_has_what_a_shell_would_run_or_a_person_cannot_read() -> Result<()> {
    for world in World::all()? {
        let denial = world.denial().await?;
        let name = world.name();
        ensure!(!denial.steps().is_empty(), "{name}");
        for step in denial.steps() {
            let command = step.command_line().unwrap_or_default();
            let is_fine = |c: char| c.is_ascii_alphanumeric() || " -_=.,:/@'()[]&".contains(c);
            ensure!(command.chars().all(is_fine), "{name}: {command}");
            ensure!(!step.text().contains('\n') && step.text().len() < 420, "{name}: {}", step.text());
        }
        for line in denial.report().lines().skip(1) {
            let is_whole = ["       ", "     http", "     console: ", "  server said"];
            ensure!(
                line.len() <= 80 || is_whole.iter().any(|start| line.starts_with(start)),
                "{name}: {line}"
            );
        }
    }
    Ok(())
}
