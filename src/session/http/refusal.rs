//! Every reason for which an HTTP exchange is refused, and how it is said (RFC 9457).
//!
//! Invariant: a refusal is made of words of the policy only. Nothing that a client or a store sent is
//! repeated, so that a refusal can go to the client, the log and the audit trail alike.

use http::StatusCode;

use super::bearer::BadToken;
use crate::body::Fault;
use crate::kernel::Misfit;

/// Why an exchange was refused, or cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `CONNECT`, `TRACE` or an upgrade.
    Tunnel,
    /// A path with dot segments, encoded slashes, empty segments or broken percent-encoding.
    AmbiguousPath,
    /// A header that names who asks, from a peer that may not speak for others.
    ForgedIdentity,
    /// Two names, or something that is none.
    AmbiguousIdentity,
    /// A token that is not believed.
    BadToken(BadToken),
    /// It is not known who asks, and it has to be.
    Unidentified,
    /// No route of the store has this path.
    UnknownRoute,
    /// The route exists, but not for this method.
    MethodNotAllowed {
        /// The methods of the routes with this path.
        allowed: String,
    },
    /// A query parameter that the route does not declare.
    UndeclaredParameter {
        /// The parameters that it declares.
        declared: String,
    },
    /// Broken percent-encoding in the query.
    MalformedQuery,
    /// A declared parameter with a value that may not be compared.
    Parameter {
        /// The parameter, in the words of the policy.
        name: String,
        /// The treatment by name.
        treatment: String,
        /// Why not.
        misfit: Misfit,
    },
    /// A request with two framings, or a body where the route takes none.
    Framing,
    /// The route takes no request body.
    UnexpectedBody,
    /// The request body has a type or encoding that cannot be rewritten.
    UnsupportedRequestBody,
    /// The request body could not be rewritten.
    MalformedRequestBody(Fault),
    /// The store's answer has a type that cannot be rewritten.
    UnsupportedAnswerType(StatusCode),
    /// The store's answer has an encoding that cannot be taken off.
    UnsupportedAnswerEncoding,
    /// The store's answer has a type in which no records of regions can be found.
    NoRecords,
    /// There is no such record, or it is of a region that the one who asks does not read.
    NotThere,
    /// The store's answer could not be rewritten.
    MalformedAnswer(Fault),
    /// The store answered with a part although the whole was asked for, or switched protocols.
    UnexpectedAnswer,
    /// The store could not be reached.
    StoreUnreachable,
    /// The store broke off or answered garbage.
    StoreBroken,
    /// The store took longer than the configured time.
    StoreTimeout,
    /// The request body took longer than the configured time, or ended early.
    ClientBroken,
    /// The request body is longer than allowed.
    RequestTooLong,
    /// The store's answer is longer than allowed.
    AnswerTooLong,
    /// The proxy is at its limit of exchanges.
    Busy,
    /// The one who asks has as many connections as one may have.
    TooManyOfOneName,
    /// The one who asks has as many requests under way as one may have.
    TooManyAtATime,
    /// The one who asks has been given what one may have within an hour.
    TooManyRows,
    /// The audit trail cannot be written.
    Unrecorded,
}

/// What a refusal says, in the members of RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status of the answer.
    pub status: StatusCode,
    /// The name of the reason, the same in `type`, logs and metrics.
    pub reason: &'static str,
    /// What happened.
    pub detail: String,
    /// What is allowed instead, if there is something.
    pub help: String,
}

impl Refusal {
    /// The name of the reason: a fixed word for logs, metrics and the audit trail.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Tunnel => "tunnel",
            Self::AmbiguousPath => "ambiguous-path",
            Self::ForgedIdentity => "forged-identity",
            Self::AmbiguousIdentity => "ambiguous-identity",
            Self::BadToken(BadToken::NoKeys) => "issuer-keys",
            Self::BadToken(_) => "bearer-token",
            Self::Unidentified => "unidentified",
            Self::UnknownRoute => "unknown-route",
            Self::MethodNotAllowed { .. } => "method-not-allowed",
            Self::UndeclaredParameter { .. } => "undeclared-parameter",
            Self::MalformedQuery => "malformed-query",
            Self::Parameter { .. } => "parameter",
            Self::Framing => "framing",
            Self::UnexpectedBody => "unexpected-body",
            Self::UnsupportedRequestBody => "unsupported-request-body",
            Self::MalformedRequestBody(_) => "malformed-request-body",
            Self::UnsupportedAnswerType(_) => "unsupported-answer-type",
            Self::UnsupportedAnswerEncoding => "unsupported-answer-encoding",
            Self::NoRecords => "no-records",
            Self::NotThere => "not-there",
            Self::MalformedAnswer(_) => "malformed-answer",
            Self::UnexpectedAnswer => "unexpected-answer",
            Self::StoreUnreachable => "store-unreachable",
            Self::StoreBroken => "store-broken",
            Self::StoreTimeout => "store-timeout",
            Self::ClientBroken => "client-broken",
            Self::RequestTooLong => "request-too-long",
            Self::AnswerTooLong => "answer-too-long",
            Self::Busy => "too-many-connections",
            Self::TooManyOfOneName => "too-many-of-one-name",
            Self::TooManyAtATime => "too-many-statements-of-one-name",
            Self::TooManyRows => "too-many-rows-per-hour",
            Self::Unrecorded => "unrecorded",
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Tunnel => StatusCode::NOT_IMPLEMENTED,
            Self::AmbiguousPath
            | Self::MalformedQuery
            | Self::AmbiguousIdentity
            | Self::UndeclaredParameter { .. }
            | Self::Framing
            | Self::UnexpectedBody
            | Self::MalformedRequestBody(_) => StatusCode::BAD_REQUEST,
            Self::UnknownRoute | Self::NotThere => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadToken(BadToken::NoKeys) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unidentified | Self::BadToken(_) => StatusCode::UNAUTHORIZED,
            Self::Parameter { .. } | Self::ForgedIdentity => StatusCode::FORBIDDEN,
            Self::UnsupportedRequestBody => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UnsupportedAnswerType(status) => *status,
            Self::UnsupportedAnswerEncoding
            | Self::NoRecords
            | Self::MalformedAnswer(_)
            | Self::UnexpectedAnswer
            | Self::StoreUnreachable
            | Self::StoreBroken => StatusCode::BAD_GATEWAY,
            Self::StoreTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::ClientBroken => StatusCode::REQUEST_TIMEOUT,
            Self::RequestTooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::AnswerTooLong => StatusCode::BAD_GATEWAY,
            Self::TooManyOfOneName | Self::TooManyAtATime | Self::TooManyRows => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Busy | Self::Unrecorded => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The refusal in full sentences.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (detail, help) = self.words();
        Problem { status: self.status(), reason: self.reason(), detail, help }
    }

    fn words(&self) -> (String, String) {
        match self {
            Self::MethodNotAllowed { allowed } => {
                ("the route is not declared for this method".into(), format!("declared are: {allowed}"))
            }
            Self::UndeclaredParameter { declared } if declared.is_empty() => (
                "the route declares no query parameter".into(),
                "leave the query out, or declare it in the route's `params`".into(),
            ),
            Self::UndeclaredParameter { declared } => (
                "the query has a parameter that the route does not declare".into(),
                format!("declared are: {declared}"),
            ),
            Self::BadToken(why @ BadToken::NoKeys) => (why.to_string(), "try again in a moment".into()),
            Self::BadToken(why) => (why.to_string(), "get a new one from who issues them".into()),
            Self::Parameter { name, treatment, misfit } => parameter_words(name, treatment, *misfit),
            Self::MalformedRequestBody(what) => (
                format!("the request body cannot be minimised: {what}"),
                "nothing of it reached the store as it was".into(),
            ),
            Self::MalformedAnswer(what) => (
                format!("the store's answer cannot be minimised: {what}"),
                "nothing of it is passed on".into(),
            ),
            fixed => {
                let (detail, help) = fixed.fixed_words();
                (detail.into(), help.into())
            }
        }
    }

    const fn fixed_words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Tunnel => ("tunnels and upgrades would carry bytes past the policy", "use a plain request"),
            Self::AmbiguousPath => (
                "the path can be read in more than one way",
                "write it without dot segments, empty segments, encoded slashes or broken percent-encoding",
            ),
            Self::UnknownRoute => (
                "no route of this store has this path",
                "ask the owner of the policy to declare it under `[[stores.routes]]`",
            ),
            Self::ForgedIdentity => (
                "the request names who asks in a header, and its peer may not speak for others",
                "leave the header out",
            ),
            Self::AmbiguousIdentity => ("the request does not name one person", "name who asks once"),
            Self::Unidentified => {
                ("it is not known who asks", "come with a certificate, or through the front door")
            }
            Self::MalformedQuery => ("the query is not valid percent-encoded UTF-8", ""),
            Self::Framing => ("the request has two framings", "send one `Content-Length` or one `chunked`"),
            Self::UnexpectedBody => {
                ("the route takes no request body", "declare `body = \"treat\"` for the route, or send none")
            }
            Self::UnsupportedRequestBody => (
                "the request body has a type or encoding that cannot be minimised",
                "send JSON, NDJSON, CSV, TSV or a form, in UTF-8, plain or as gzip, deflate, br or zstd",
            ),
            Self::UnsupportedAnswerType(_) => (
                "the store's answer has a type that cannot be minimised",
                "JSON, NDJSON, CSV, TSV and forms in UTF-8 can be",
            ),
            Self::UnsupportedAnswerEncoding => (
                "the store's answer has an encoding that cannot be taken off",
                "gzip, deflate, br and zstd can be",
            ),
            Self::NoRecords => (
                "the store's answer has a type in which no regions can be found",
                "JSON and NDJSON have records with regions",
            ),
            Self::NotThere => ("there is nothing here, or nothing of a region that this role reads", ""),
            Self::UnexpectedAnswer => {
                ("the store sent a part of an answer, or switched protocols, without being asked", "")
            }
            Self::StoreUnreachable => ("the store cannot be reached", "try again later"),
            Self::StoreBroken => ("the store broke off or did not speak HTTP", "try again later"),
            Self::StoreTimeout => ("the store took too long", "ask for less, or try again later"),
            Self::ClientBroken => ("the request body did not arrive in full", ""),
            Self::RequestTooLong => ("the request body is longer than allowed", "send less at a time"),
            Self::AnswerTooLong => ("the store's answer is longer than allowed", "ask for less at a time"),
            Self::Busy => ("the proxy is at its limit of connections", "try again later"),
            Self::TooManyOfOneName => {
                ("too many connections of this name are open", "close some, or use them again")
            }
            Self::TooManyAtATime => {
                ("too many requests of this name are under way", "wait for one of them to end")
            }
            Self::TooManyRows => ("the rows of this hour have been given", "try again later"),
            Self::Unrecorded => (
                "the audit trail cannot be written, and what is not on record is not answered",
                "tell the operator of the proxy",
            ),
            Self::MethodNotAllowed { .. }
            | Self::UndeclaredParameter { .. }
            | Self::Parameter { .. }
            | Self::BadToken(_)
            | Self::MalformedRequestBody(_)
            | Self::MalformedAnswer(_) => ("", ""),
        }
    }
}

fn parameter_words(name: &str, treatment: &str, misfit: Misfit) -> (String, String) {
    match misfit {
        Misfit::FinerThanCell => (
            format!("`{name}` is finer than the cell that `{treatment}` leaves"),
            "ask for the whole cell, written as answers show it".into(),
        ),
        Misfit::OneWay => (
            format!("`{name}` is pseudonymised one-way by `{treatment}`: nothing can be looked up by it"),
            "a `tokenize` treatment lets analysts filter by the tokens that answers show".into(),
        ),
        Misfit::NotAToken => (
            format!("`{name}` takes a token of `{treatment}` only"),
            "use the token that an answer showed; raw identifiers are refused and recorded".into(),
        ),
        Misfit::Hidden => (
            format!("`{name}` is hidden by `{treatment}`, so it cannot be asked about"),
            "leave the parameter out".into(),
        ),
        Misfit::Unreadable => (
            format!("`{name}` is nothing that `{treatment}` understands"),
            "write the value as answers show it".into(),
        ),
        Misfit::LocationInText => (
            format!("`{name}` holds something that `{treatment}` treats in free text, or a part of it"),
            "search for words without addresses, positions or numbers with dots".into(),
        ),
    }
}

impl Problem {
    /// The body of the answer, `application/problem+json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut members = serde_json::json!({
            "type": format!("urn:sfumato:refusal:{}", self.reason),
            "title": "refused by the data minimisation proxy",
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let (false, Some(object)) = (self.help.is_empty(), members.as_object_mut()) {
            object.insert("help".into(), self.help.clone().into());
        }
        members.to_string()
    }
}
