//! Which of several functions or operators of one name the server will take, and what comes out.
//!
//! The rules are those of PostgreSQL's chapter 10, as far as types are known to us. What is found is advice:
//! it picks schemas and describes results, but nothing that protects a value depends on it.

use super::super::catalogue::{CastContext, Catalogue, Oid, TypeKind, TypeRef, oid};

/// Picks one of `candidates` (the types of their parameters) for arguments of these types.
pub(super) fn pick(
    catalogue: &Catalogue,
    candidates: &[Vec<Oid>],
    arguments: &[Option<Oid>],
) -> Option<usize> {
    let exact = |parameters: &Vec<Oid>| {
        parameters.iter().zip(arguments).all(|(parameter, argument)| Some(*parameter) == *argument)
    };
    if let Some(index) = candidates.iter().position(exact) {
        return Some(index);
    }
    let mut left: Vec<usize> = (0..candidates.len())
        .filter(|index| {
            candidates.get(*index).is_some_and(|parameters| all_coerce(catalogue, arguments, parameters))
        })
        .collect();
    let base: Vec<Option<Oid>> = arguments
        .iter()
        .map(|argument| argument.map(|ty| catalogue.base_type(TypeRef::plain(ty)).oid))
        .collect();
    keep_best(&mut left, candidates, |parameters| {
        parameters.iter().zip(&base).filter(|(parameter, argument)| Some(**parameter) == **argument).count()
    });
    keep_best(&mut left, candidates, |parameters| {
        parameters
            .iter()
            .zip(&base)
            .filter(|(parameter, argument)| suits(catalogue, **parameter, **argument))
            .count()
    });
    if left.len() > 1 {
        by_unknowns(catalogue, &mut left, candidates, arguments);
    }
    match left.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

fn keep_best(left: &mut Vec<usize>, candidates: &[Vec<Oid>], score: impl Fn(&Vec<Oid>) -> usize) {
    let score_of = |index: &usize| candidates.get(*index).map_or(0, &score);
    let best = left.iter().map(score_of).max().unwrap_or(0);
    left.retain(|index| score_of(index) == best);
}

/// Exact, or the preferred type of the argument's category.
fn suits(catalogue: &Catalogue, parameter: Oid, argument: Option<Oid>) -> bool {
    let Some(argument) = argument.filter(|ty| *ty != oid::UNKNOWN) else { return false };
    if parameter == argument {
        return true;
    }
    match (catalogue.type_by_oid(parameter), catalogue.type_by_oid(argument)) {
        (Some(parameter), Some(argument)) => parameter.preferred && parameter.category == argument.category,
        _ => false,
    }
}

/// Literals without a type: strings if any candidate takes one, else the category that all agree on.
fn by_unknowns(
    catalogue: &Catalogue,
    left: &mut Vec<usize>,
    candidates: &[Vec<Oid>],
    arguments: &[Option<Oid>],
) {
    let category = |index: usize, position: usize| {
        let parameter = *candidates.get(index)?.get(position)?;
        catalogue.type_by_oid(parameter).map(|ty| (ty.category, ty.preferred))
    };
    for (position, argument) in arguments.iter().enumerate() {
        if *argument != Some(oid::UNKNOWN) {
            continue;
        }
        let categories: Vec<(u8, bool)> =
            left.iter().filter_map(|index| category(*index, position)).collect();
        let Some((first, _)) = categories.first() else { continue };
        let wanted = if categories.iter().any(|(category, _)| *category == b'S') { b'S' } else { *first };
        left.retain(|index| category(*index, position).is_some_and(|(category, _)| category == wanted));
        if left.iter().any(|index| category(*index, position).is_some_and(|(_, preferred)| preferred)) {
            left.retain(|index| category(*index, position).is_some_and(|(_, preferred)| preferred));
        }
    }
    // A literal next to a known type is taken to be of that type.
    let known = arguments.iter().flatten().find(|ty| **ty != oid::UNKNOWN);
    if let (true, Some(known)) = (left.len() > 1, known) {
        let all_known = |index: &usize| {
            candidates
                .get(*index)
                .is_some_and(|parameters| parameters.iter().all(|parameter| parameter == known))
        };
        if left.iter().any(all_known) {
            left.retain(all_known);
        }
    }
}

fn all_coerce(catalogue: &Catalogue, arguments: &[Option<Oid>], parameters: &[Oid]) -> bool {
    parameters.len() == arguments.len()
        && parameters.iter().zip(arguments).all(|(parameter, argument)| match argument {
            None => true,
            Some(argument) => coerces(catalogue, *argument, *parameter),
        })
}

/// True if a value of one type may stand where the other is wanted, without a cast in the text.
pub(super) fn coerces(catalogue: &Catalogue, from: Oid, to: Oid) -> bool {
    if from == to || from == oid::UNKNOWN || to == oid::ANY {
        return true;
    }
    if let Some(fits) = fits_polymorphic(catalogue, from, to) {
        return fits;
    }
    let base = catalogue.base_type(TypeRef::plain(from)).oid;
    if base == to {
        return true;
    }
    let composite = catalogue.type_by_oid(base).is_some_and(|ty| ty.kind == TypeKind::Composite);
    if to == oid::RECORD && composite {
        return true;
    }
    if let (Some(from), Some(to)) = (catalogue.element_type(base), catalogue.element_type(to)) {
        return coerces(catalogue, from, to) && from != oid::UNKNOWN;
    }
    catalogue.cast(base, to).is_some_and(|cast| cast.context == CastContext::Implicit)
}

fn fits_polymorphic(catalogue: &Catalogue, from: Oid, to: Oid) -> Option<bool> {
    let kind = || catalogue.type_by_oid(catalogue.base_type(TypeRef::plain(from)).oid).map(|ty| ty.kind);
    Some(match to {
        oid::ANYELEMENT | oid::ANYCOMPATIBLE => true,
        oid::ANYARRAY | oid::ANYCOMPATIBLEARRAY => catalogue.element_type(from).is_some(),
        oid::ANYNONARRAY | oid::ANYCOMPATIBLENONARRAY => catalogue.element_type(from).is_none(),
        oid::ANYENUM => kind() == Some(TypeKind::Enum),
        oid::ANYRANGE | oid::ANYCOMPATIBLERANGE => kind() == Some(TypeKind::Range),
        oid::ANYMULTIRANGE => kind() == Some(TypeKind::Multirange),
        _ => return None,
    })
}

/// The result of a function or operator, where it is one of the polymorphic types.
pub(super) fn result(
    catalogue: &Catalogue,
    declared: Oid,
    parameters: &[Oid],
    arguments: &[Option<Oid>],
) -> Option<TypeRef> {
    let pairs = || parameters.iter().zip(arguments);
    // All are of one type, so that one which is known tells.
    let same = |(parameter, argument): (&Oid, &Option<Oid>)| {
        let argument = argument.filter(|ty| *ty != oid::UNKNOWN)?;
        match *parameter {
            oid::ANYELEMENT | oid::ANYNONARRAY | oid::ANYENUM => Some(argument),
            oid::ANYARRAY => catalogue.element_type(argument),
            _ => None,
        }
    };
    // All are converted to one type, so that each has a say in it.
    let compatible = |(parameter, argument): (&Oid, &Option<Oid>)| match *parameter {
        oid::ANYCOMPATIBLE | oid::ANYCOMPATIBLENONARRAY => Some(*argument),
        oid::ANYCOMPATIBLEARRAY if *argument == Some(oid::UNKNOWN) => None,
        oid::ANYCOMPATIBLEARRAY => Some(argument.and_then(|array| catalogue.element_type(array))),
        _ => None,
    };
    let converted =
        || common(catalogue, pairs().filter_map(compatible).map(|element| element.map(TypeRef::plain)));
    let array_of = |element: Oid| catalogue.type_by_oid(element)?.array.map(TypeRef::plain);
    match declared {
        oid::ANYELEMENT | oid::ANYNONARRAY | oid::ANYENUM => pairs().find_map(same).map(TypeRef::plain),
        oid::ANYARRAY => pairs().find_map(same).and_then(array_of),
        oid::ANYCOMPATIBLE | oid::ANYCOMPATIBLENONARRAY => converted(),
        oid::ANYCOMPATIBLEARRAY => converted().and_then(|element| array_of(element.oid)),
        oid::ANYRANGE | oid::ANYMULTIRANGE | oid::ANYCOMPATIBLERANGE => None,
        known => Some(TypeRef::plain(known)),
    }
}

/// The result where the types of some arguments are not known: that of every function or operator which may be meant
/// (the types of its parameters, and of its result), if it is the same.
pub(super) fn result_of_any<'f>(
    catalogue: &Catalogue,
    candidates: impl Iterator<Item = (&'f [Oid], Oid)>,
    arguments: &[Option<Oid>],
) -> Option<TypeRef> {
    let may_be_meant = candidates.filter(|(parameters, _)| all_coerce(catalogue, arguments, parameters));
    let mut results =
        may_be_meant.map(|(parameters, declared)| result(catalogue, declared, parameters, arguments));
    let first = results.next()??;
    results.all(|other| other == Some(first)).then_some(first)
}

/// The type of a place where values of several types may stand.
pub(super) fn common(
    catalogue: &Catalogue,
    types: impl IntoIterator<Item = Option<TypeRef>>,
) -> Option<TypeRef> {
    let mut found: Option<TypeRef> = None;
    for ty in types {
        let ty = ty?;
        found = Some(match found {
            None => ty,
            Some(known) if known == ty => known,
            // A literal is read as the type without its modifier.
            Some(known) if ty.oid == oid::UNKNOWN => TypeRef::plain(known.oid),
            Some(known) if known.oid == oid::UNKNOWN => TypeRef::plain(ty.oid),
            Some(known) if known.oid == ty.oid => TypeRef::plain(ty.oid),
            Some(known) => {
                let preferred = catalogue.type_by_oid(known.oid).is_some_and(|ty| ty.preferred);
                let onward = coerces(catalogue, known.oid, ty.oid) && !coerces(catalogue, ty.oid, known.oid);
                if onward && !preferred {
                    TypeRef::plain(ty.oid)
                } else if coerces(catalogue, ty.oid, known.oid) {
                    TypeRef::plain(known.oid)
                } else {
                    return None;
                }
            }
        });
    }
    match found {
        Some(ty) if ty.oid == oid::UNKNOWN => Some(TypeRef::plain(oid::TEXT)),
        other => other,
    }
}
