//! Answers that wait for their request, and methods that a test made up.

use std::collections::VecDeque;

use crate::incoming::{IncomingRequest, is_grpc};
use crate::reply::{Reply, challenge, with};
use crate::service::Service;
use crate::wire::Wire;

/// Answers in the order they were scripted, and methods, which stay.
#[derive(Default)]
pub(crate) struct ScriptedAnswers {
    answers: VecDeque<ScriptedAnswer>,
    methods: Vec<ServedMethod>,
}

/// An answer to the next requests that fit.
pub(crate) struct ScriptedAnswer {
    pub(crate) service: Service,
    /// What the path begins with.
    pub(crate) path: String,
    pub(crate) times: usize,
    pub(crate) reply: Reply,
}

/// A method of an API that the test made up.
pub(crate) struct ServedMethod {
    pub(crate) service: Service,
    /// What the path begins with.
    pub(crate) path: String,
    pub(crate) accepted: Vec<String>,
    pub(crate) reply: Reply,
}

/// What a method of the test's answers to a request.
pub(crate) enum Served {
    /// The token has not passed the first gates.
    Refused(Reply),
    /// It has; this is the answer unless another one is scripted.
    Open(Reply),
}

impl ScriptedAnswers {
    pub(crate) fn push(&mut self, answer: ScriptedAnswer) {
        if answer.times > 0 {
            self.answers.push_back(answer);
        }
    }

    pub(crate) fn serve(&mut self, method: ServedMethod) {
        self.methods.push(method);
    }

    /// Takes the first answer left that fits.
    pub(crate) fn next(&mut self, service: Service, request: &IncomingRequest) -> Option<Reply> {
        let fits =
            |answer: &ScriptedAnswer| answer.service == service && request.path.starts_with(&answer.path);
        let place = self.answers.iter().position(fits)?;
        let answer = self.answers.get_mut(place)?;
        let reply = answer.reply.clone();
        answer.times -= 1;
        self.answers.retain(|answer| answer.times > 0);
        Some(reply)
    }

    /// What a served method answers to a token with these scopes; to none or an expired one
    /// without.
    pub(crate) fn served(
        &self,
        service: Service,
        request: &IncomingRequest,
        held: Option<&[String]>,
    ) -> Option<Served> {
        let fits =
            |method: &&ServedMethod| method.service == service && request.path.starts_with(&method.path);
        let method = self.methods.iter().filter(fits).max_by_key(|method| method.path.len())?;
        let holds = |held: &[String]| method.accepted.iter().any(|scope| held.contains(scope));
        Some(match held {
            None => Served::Refused(Wire::Credentials.reply()),
            Some(held) if !holds(held) => Served::Refused(lack_of_scope(request, &method.accepted)),
            Some(_) => Served::Open(method.reply.clone()),
        })
    }
}

fn lack_of_scope(request: &IncomingRequest, accepted: &[String]) -> Reply {
    let wire = if is_grpc(&request.headers) { Wire::GrpcScope } else { Wire::Scope };
    with(wire.reply(), "www-authenticate", &challenge(accepted))
}
