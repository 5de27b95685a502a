//! The same as `cargo run -p clients`, as a test.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_holds_over_every_client() {
    let table = clients::run("", "").await;
    println!("{table}");
    assert!(table.is_green(), "{table}");
}
