//! The HTTP client of a store, which sends every request through a guard. The traits of the
//! versions of object_store are the same, so this file is compiled once for each version. Its
//! parent module imports the version under the name `object_store`.

use std::fmt;

use async_trait::async_trait;
use gcp_scopes::call::Call;
use gcp_scopes::flight::Flight;
use gcp_scopes::response::{explained_body, look};
use gcp_scopes::{Denial, Guard};
use http::Response;

use super::object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use super::object_store::{ClientOptions, Result as StoreResult};
use crate::connector::GuardConnector;

impl<C: HttpConnector> HttpConnector for GuardConnector<C> {
    fn connect(&self, options: &ClientOptions) -> StoreResult<HttpClient> {
        let client = self.inner.connect(options)?;
        Ok(HttpClient::new(GuardHttpService { guard: self.guard.clone(), client }))
    }
}

/// Waits for the scopes of the token of a call, unless the call is denied already.
async fn wait(begun: Result<Flight, Denial>) -> Result<Flight, Denial> {
    begun?.wait_for_scopes().await
}

struct GuardHttpService {
    guard: Guard,
    client: HttpClient,
}

impl GuardHttpService {
    async fn explain(&self, flight: Flight, response: HttpResponse) -> HttpResponse {
        let (mut parts, body) = response.into_parts();
        let (beginning, body) = look(&self.guard, body).await;
        let denial = flight.explain(parts.status, &parts.headers, &beginning).await;
        let Some(denial) = denial else {
            return Response::from_parts(parts, HttpResponseBody::new(body));
        };
        let explained =
            explained_body(&denial, &mut parts.headers, &beginning, body.is_whole(&beginning));
        Response::from_parts(parts, explained.into())
    }
}

#[async_trait]
impl HttpService for GuardHttpService {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let call = Call::new(request.method(), request.uri()).with_headers(request.headers());
        let flight = match wait(self.guard.begin(&call)).await {
            Ok(flight) => flight,
            // object_store calls the XML API, whose errors are XML.
            Err(denial) => {
                return Ok(denial.to_xml_response().map(|xml| bytes::Bytes::from(xml).into()));
            }
        };
        let response = self.client.execute(request).await?;
        match flight.answered(response.status(), response.headers()) {
            true => Ok(self.explain(flight, response).await),
            false => Ok(response),
        }
    }
}

impl fmt::Debug for GuardHttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardHttpService").finish_non_exhaustive()
    }
}
