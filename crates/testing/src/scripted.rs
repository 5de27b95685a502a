//! Scripted responses, and API methods that a test defines.

use crate::incoming::{IncomingRequest, is_grpc};
use crate::refusal_form::RefusalForm;
use crate::refusal_form::called_method::CalledMethod;
use crate::response::{FullResponse, scope_challenge, with_header};
use crate::service::Service;

/// The scripts of a test.
#[derive(Default)]
pub(crate) struct ScriptedResponses {
    /// The scripted responses in the order of the scripts. The number is how many more requests get
    /// the response.
    responses: Vec<(ScriptTarget, usize, FullResponse)>,
    /// The methods of [`Script::serve`](crate::Script::serve), with the scopes that each accepts.
    methods: Vec<(ScriptTarget, Vec<String>, FullResponse)>,
}

/// The requests that a script applies to.
#[derive(Debug)]
pub(crate) struct ScriptTarget {
    pub(crate) service: Service,
    /// The prefix of the path. An empty prefix matches every path.
    pub(crate) path: String,
    /// The method that refusals name.
    pub(crate) method: Option<CalledMethod>,
}

impl ScriptTarget {
    fn matches(&self, service: Service, request: &IncomingRequest) -> bool {
        self.service == service && request.path.starts_with(&self.path)
    }
}

/// The response of a scripted method to a request.
pub(crate) enum MethodResponse {
    /// The refusal of a request whose token is invalid or lacks the scopes.
    Refused(FullResponse),
    /// The response to an allowed request, unless another response is scripted.
    Allowed(FullResponse),
}

impl ScriptedResponses {
    pub(crate) fn push(&mut self, target: ScriptTarget, times: usize, response: FullResponse) {
        if times > 0 {
            self.responses.push((target, times, response));
        }
    }

    pub(crate) fn serve(
        &mut self,
        target: ScriptTarget,
        accepted: Vec<String>,
        response: FullResponse,
    ) {
        self.methods.push((target, accepted, response));
    }

    /// Removes the scripted responses for this service and this path, or a path below it.
    pub(crate) fn clear(&mut self, target: &ScriptTarget) {
        self.responses.retain(|(scripted, ..)| {
            scripted.service != target.service || !scripted.path.starts_with(&target.path)
        });
    }

    /// Returns the first scripted response that matches the request, and counts the use of the
    /// response.
    pub(crate) fn next(
        &mut self,
        service: Service,
        request: &IncomingRequest,
    ) -> Option<FullResponse> {
        let matching =
            self.responses.iter_mut().find(|(target, ..)| target.matches(service, request));
        let (_, times, response) = matching?;
        let response = response.clone();
        *times -= 1;
        self.responses.retain(|(_, times, _)| *times > 0);
        Some(response)
    }

    /// Returns the response of the scripted method that matches the request, or `None` if no method
    /// matches. `token_scopes` is `None` if the request has no valid token.
    pub(crate) fn method_response(
        &self,
        service: Service,
        request: &IncomingRequest,
        token_scopes: Option<&[String]>,
    ) -> Option<MethodResponse> {
        let matching = self.methods.iter().filter(|(target, ..)| target.matches(service, request));
        let (target, accepted, response) = matching.max_by_key(|(target, ..)| target.path.len())?;
        let is_grpc = is_grpc(&request.headers);
        let of_grpc = || CalledMethod::of_grpc(&request.path).filter(|_| is_grpc);
        let called = target.method.clone().or_else(of_grpc);
        let refusal = |form: RefusalForm| form.response_to_call(called.as_ref());
        Some(match token_scopes {
            None => MethodResponse::Refused(refusal(RefusalForm::Credentials)),
            Some(scopes) if scopes.iter().any(|scope| accepted.contains(scope)) => {
                MethodResponse::Allowed(response.clone())
            }
            Some(_) => {
                let form = if is_grpc { RefusalForm::GrpcScope } else { RefusalForm::Scope };
                let challenge = scope_challenge(accepted);
                MethodResponse::Refused(with_header(refusal(form), "www-authenticate", &challenge))
            }
        })
    }
}
