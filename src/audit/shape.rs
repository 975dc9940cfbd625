//! What was asked, with every value out.
//!
//! Invariant: a shape is put together from words of the policy, of the protocol and of the store's
//! catalogue. Nothing that a client chose is part of one: what is not such a word is written as `?`.

use crate::policy::{Param, ParamPlace, Route};

/// Stands for a value, or for a word that a client chose.
const HOLE: &str = "?";

/// The text of a shape: `GET /v1/logins/{user_id} ip limit`, `select id , ip from public.logins where ip = ?`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape(String);

impl Shape {
    /// A request that took `route`; of `query`, names that the route declares are shown.
    #[must_use]
    pub fn of_route<'a>(route: &Route, method: &str, query: impl Iterator<Item = &'a str>) -> Self {
        let mut shape = Self::default();
        let method = route.methods.iter().find(|allowed| *allowed == method);
        shape.push(method.map_or(HOLE, String::as_str));
        shape.push(&route.path.to_string());
        for name in query {
            let is_it = |param: &&Param| param.place == ParamPlace::Query && param.name == name;
            let declared = route.params.iter().find(is_it);
            shape.push(declared.map_or(HOLE, |param| &param.name));
        }
        shape
    }

    /// Adds a word of the language: a keyword, an operator, punctuation.
    pub fn word(&mut self, word: &str) -> &mut Self {
        self.push(word)
    }

    /// Adds a name of the store's catalogue, as the catalogue has it. Names that the client chose (aliases,
    /// cursors) are holes.
    pub fn catalogue_name(&mut self, name: &str) -> &mut Self {
        self.push(name)
    }

    /// Adds a place where a value or a name of the client's stood.
    pub fn hole(&mut self) -> &mut Self {
        self.push(HOLE)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn push(&mut self, word: &str) -> &mut Self {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(word);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Treatment;
    use crate::policy::{NamedTreatment, RequestBody};

    #[test]
    fn shows_what_the_route_declares_and_no_more() {
        let treatment = NamedTreatment { name: "pass".into(), treatment: Treatment::Pass.into() };
        let param = |name: &str, place| Param { name: name.into(), place, treatment: treatment.clone() };
        let route = Route {
            methods: vec!["GET".into()],
            path: "/v1/logins/{user_id}".parse().unwrap(),
            params: vec![param("user_id", ParamPlace::Path), param("ip", ParamPlace::Query)],
            request_body: RequestBody::Refuse,
            fields: Vec::new(),
            region: None,
            span: 0..0,
        };
        let asked = ["ip", "203.0.113.77", "user_id"];
        let shape = Shape::of_route(&route, "GET", asked.into_iter());
        assert_eq!(shape.as_str(), "GET /v1/logins/{user_id} ip ? ?");
        let shape = Shape::of_route(&route, "203.0.113.77", [].into_iter());
        assert_eq!(shape.as_str(), "? /v1/logins/{user_id}");
        let mut shape = Shape::default();
        shape.word("select").hole().word("from").catalogue_name("public.logins");
        assert_eq!(shape.as_str(), "select ? from public.logins");
    }
}
