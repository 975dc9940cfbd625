//! Which treatment for which value, and why: [`Label`] → [`Ruling`] → [`Plan`] → [`Cleared`].
//!
//! Invariant: a decision depends on the policy and on what a value *is*, never on the value. Only
//! [`apply()`] makes a [`Cleared`], and the encoders that write to a client accept nothing else.
//! Not here: protocols, SQL, sockets, files.

mod apply;
mod field;
mod http_store;
mod jsonpath;
mod label;
mod plan;
mod record;
mod region;
mod role;
mod route;
mod ruling;
mod sql_store;

pub use apply::{Cleared, ClearedTyped, apply, apply_typed};
pub use field::{FieldRule, HttpField, HttpFieldError, SqlField, SqlFieldError, SqlTable};
pub use http_store::{DocumentPlan, HttpPlans, HttpPolicy, NoRoute, RouteMatch, RoutePlan};
pub use jsonpath::{JsonPath, PathError, PathErrorKind, Segment, Selector};
pub use label::Label;
pub use plan::{Overlap, Plan, PlanBuilder, PlanFindings, PlanTooLarge, State, Steps};
pub use record::{BoundRecords, RecordPath, RecordPathError, RecordStep, RouteRegion};
pub use region::{Binding, Bindings, OtherRegions, RegionJoin, RegionPlan, RegionRule, RegionSource};
pub use role::{AttributeKind, Attributes, Member, MemberPattern, Role, role_of};
pub use route::{
    Captured, Param, ParamPlace, PathTemplate, RequestBody, Route, TemplateError, TemplateSegment,
};
pub use ruling::{NamedTreatment, Rule, Ruling};
pub use sql_store::{ColumnRule, SqlPlans, SqlPolicy, SqlTreatment};
