//! Answers that wait for their request, and methods that a test made up.

use crate::incoming::{IncomingRequest, is_grpc};
use crate::reply::{Reply, challenge, with};
use crate::service::Service;
use crate::wire::Wire;

/// Answers in the order they were scripted, each with how often it is left, and methods, which
/// stay, each with the scopes that it accepts.
#[derive(Default)]
pub(crate) struct ScriptedAnswers {
    answers: Vec<(Place, usize, Reply)>,
    methods: Vec<(Place, Vec<String>, Reply)>,
}

/// The requests that something is scripted for.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) service: Service,
    /// What the path begins with.
    pub(crate) path: String,
}

impl Place {
    fn has(&self, service: Service, request: &IncomingRequest) -> bool {
        self.service == service && request.path.starts_with(&self.path)
    }
}

/// What a method of the test's answers to a request.
pub(crate) enum Served {
    /// The token has not passed the first gates.
    Refused(Reply),
    /// It has; this is the answer unless another one is scripted.
    Open(Reply),
}

impl ScriptedAnswers {
    pub(crate) fn push(&mut self, place: Place, times: usize, reply: Reply) {
        if times > 0 {
            self.answers.push((place, times, reply));
        }
    }

    pub(crate) fn serve(&mut self, place: Place, accepted: Vec<String>, reply: Reply) {
        self.methods.push((place, accepted, reply));
    }

    /// Takes the first answer left that fits.
    pub(crate) fn next(&mut self, service: Service, request: &IncomingRequest) -> Option<Reply> {
        let fitting = self.answers.iter_mut().find(|(place, ..)| place.has(service, request));
        let (_, times, reply) = fitting?;
        let reply = reply.clone();
        *times -= 1;
        self.answers.retain(|(_, times, _)| *times > 0);
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
        let fitting = self.methods.iter().filter(|(place, ..)| place.has(service, request));
        let (_, accepted, reply) = fitting.max_by_key(|(place, ..)| place.path.len())?;
        Some(match held {
            None => Served::Refused(Wire::Credentials.reply()),
            Some(held) if held.iter().any(|scope| accepted.contains(scope)) => Served::Open(reply.clone()),
            Some(_) => {
                let wire = if is_grpc(&request.headers) { Wire::GrpcScope } else { Wire::Scope };
                Served::Refused(with(wire.reply(), "www-authenticate", &challenge(accepted)))
            }
        })
    }
}
