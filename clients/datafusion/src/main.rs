//! A service that answers questions about sales with DataFusion, on a VM whose token may write logs
//! but not read Cloud Storage. DataFusion wraps the error of object_store; the guard finds the
//! denial in it.
//!
//! `cargo run --manifest-path clients/datafusion/Cargo.toml`
//! sends its requests to a fake Google on 127.0.0.1.

use std::sync::Arc;

use anyhow::Result;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::error::DataFusionError;
use datafusion::prelude::{CsvReadOptions, SessionContext};
use gcp_scopes_object_store::GuardObjectStoreExt as _;
use gcp_scopes_object_store::gcp_scopes::Guard;
use gcp_scopes_testing::{FakeGoogle, Vm};
use object_store::client::ReqwestConnector;
use object_store::gcp::{GcpCredential, GoogleCloudStorage, GoogleCloudStorageBuilder};
use object_store::{ClientOptions, StaticCredentialProvider};

const ACCOUNT: &str = "reports@my-project.iam.gserviceaccount.com";
const SALES: &str = "shop,amount\nBasel,3\nBern,4\nBasel,5\n";

/// Answers a question about the table `sales`.
async fn answer(context: &SessionContext, question: &str) -> Result<String, DataFusionError> {
    if !context.table_exist("sales")? {
        let options = CsvReadOptions::new();
        context.register_csv("sales", "gs://sales/2026.csv", options).await?;
    }
    let batches = context.sql(question).await?.collect().await?;
    Ok(pretty_format_batches(&batches)?.to_string())
}

/// Starts a Google in which the VM's token holds `scopes`, and asks a question.
async fn run(scopes: &[&str]) -> Result<()> {
    println!("== The VM has the scopes {}\n", scopes.join(", "));
    let google = FakeGoogle::builder()
        .vm(Vm::new("reports-1").account(ACCOUNT).scopes(scopes))
        .bucket("sales")
        .iam("sales", ACCOUNT, "roles/storage.objectUser")
        .start()
        .await?;
    google.put_object("sales", "2026.csv", SALES);
    // In a program: Guard::detect().await
    let guard = Guard::builder().env(google.env());
    let guard = guard.endpoint(google.storage_url(), "storage.googleapis.com")?.detect().await;

    let context = SessionContext::new();
    let url = "gs://sales".try_into()?;
    context.register_object_store(&url, Arc::new(store(&google, &guard)?));
    match answer(&context, "SELECT shop, sum(amount) FROM sales GROUP BY shop ORDER BY shop").await
    {
        Ok(table) => println!("{table}"),
        Err(error) => match guard.denial_of(&error) {
            Some(denial) => println!("{}\n", denial.report()),
            None => return Err(error.into()),
        },
    }
    Ok(())
}

fn store(google: &FakeGoogle, guard: &Guard) -> Result<GoogleCloudStorage> {
    // In a program: GoogleCloudStorageBuilder::from_env(), which finds the credential of the VM
    let credential = StaticCredentialProvider::new(GcpCredential { bearer: google.token() });
    let builder = GoogleCloudStorageBuilder::new().with_credentials(Arc::new(credential));
    let builder = builder
        .with_base_url(&google.storage_url())
        .with_client_options(ClientOptions::new().with_allow_http(true));
    let connector = guard.object_store(ReqwestConnector::default());
    Ok(builder.with_bucket_name("sales").with_http_connector(connector).build()?)
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&["logging.write", "monitoring.write"]).await?;
    run(&["devstorage.read_only"]).await
}
