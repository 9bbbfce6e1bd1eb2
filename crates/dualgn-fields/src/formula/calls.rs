//! Calls: functions of numbers, and the derivatives and products of vector calculus.

use super::error::{Failed, Wrong, listed};
use super::expression::Id;
use super::resolve::{Resolver, Value};
use super::syntax::{Span, Syntax};
use super::vocabulary::{Call, Function, Pair};

impl Resolver<'_> {
    /// Finds what a call is.
    pub(super) fn call(&mut self, index: usize, name: &str, arguments: &[usize]) -> Result<Value, Failed> {
        let arity = match (name.parse::<Function>(), name.parse::<Call>()) {
            (Ok(_), _) => 1..=1,
            (_, Ok(call)) => call.arity(),
            _ => return Err(self.no_function(index, name)),
        };
        if !arity.contains(&arguments.len()) {
            let (least, most) = (*arity.start(), *arity.end());
            let plural = if least == 1 { "" } else { "s" };
            let wanted = format!("{}{least} argument{plural}", if most > least { "at least " } else { "" });
            let wrong = Wrong::Arguments { function: name.to_owned(), wanted, given: arguments.len() };
            return Err(Failed::new(self.tree.span(index), wrong));
        }
        if let Ok(function) = name.parse::<Function>() {
            let a = self.number(arguments[0])?;
            return Ok(Value::Number(self.graph.function(function, a)));
        }
        let Ok(call) = name.parse::<Call>() else { return Err(self.no_function(index, name)) };
        let span = self.tree.span(index);
        match (call, arguments) {
            (Call::Minimum, all) => self.extreme(Pair::Minimum, all),
            (Call::Maximum, all) => self.extreme(Pair::Maximum, all),
            (Call::Atan2, all) => self.extreme(Pair::Atan2, all),
            (Call::If, all) => self.choice(span, all),
            (Call::Integral, all) => self.integral(all),
            (Call::Derivative, all) => self.along(span, all),
            (Call::Gradient, all) => Ok(Value::Vector(self.gradient(all[0], span)?)),
            (Call::Divergence, all) => Ok(Value::Number(self.divergence(all[0], span)?)),
            (Call::Curl, all) => self.curl(all[0], span),
            (Call::Laplacian, all) => self.laplacian(all[0], span),
            (Call::Dot, all) => {
                let (a, b) = (self.vector(all[0])?, self.vector(all[1])?);
                if a.len() != b.len() {
                    return Err(Failed::new(span, Wrong::Dimensions { left: a.len(), right: b.len() }));
                }
                Ok(Value::Number(self.dot(&a, &b)))
            }
            (Call::Norm, all) => {
                let a = self.vector(all[0])?;
                let square = self.dot(&a, &a);
                Ok(Value::Number(self.graph.function(Function::Sqrt, square)))
            }
        }
    }

    fn extreme(&mut self, pair: Pair, arguments: &[usize]) -> Result<Value, Failed> {
        let mut result = self.number(arguments[0])?;
        for argument in &arguments[1..] {
            let other = self.number(*argument)?;
            result = self.graph.pair(pair, result, other);
        }
        Ok(Value::Number(result))
    }

    fn choice(&mut self, span: Span, arguments: &[usize]) -> Result<Value, Failed> {
        let condition = self.truth(arguments[0])?;
        let (yes, no) = (self.value(arguments[1]).clone(), self.value(arguments[2]).clone());
        match (yes, no) {
            (Value::Vector(yes), Value::Vector(no)) => {
                if yes.len() != no.len() {
                    return Err(Failed::new(span, Wrong::Dimensions { left: yes.len(), right: no.len() }));
                }
                let chosen = yes.iter().zip(&no).map(|(yes, no)| self.graph.choice(condition, *yes, *no));
                Ok(Value::Vector(chosen.collect()))
            }
            (Value::Vector(_), _) => self.vector(arguments[2]).map(Value::Vector),
            _ => {
                let (yes, no) = (self.number(arguments[1])?, self.number(arguments[2])?);
                Ok(Value::Number(self.graph.choice(condition, yes, no)))
            }
        }
    }

    /// `d(a, x, y)`.
    fn along(&mut self, span: Span, arguments: &[usize]) -> Result<Value, Failed> {
        let mut value = self.value(arguments[0]).clone();
        if let Value::Truth(_) = value {
            return self.number(arguments[0]).map(Value::Number);
        }
        for argument in &arguments[1..] {
            let coordinate = self.coordinate(*argument)?;
            value = self.derivative(&value, coordinate, span)?;
        }
        Ok(value)
    }

    /// The coordinate whose name a part must be.
    fn coordinate(&self, index: usize) -> Result<usize, Failed> {
        let span = self.tree.span(index);
        let coordinates = self.scope.coordinates();
        if let Syntax::Name(name) = self.tree.node(index)
            && let Some(coordinate) = coordinates.iter().position(|coordinate| coordinate == name)
        {
            return Ok(coordinate);
        }
        let coordinates = listed(coordinates.iter().map(String::as_str));
        Err(Failed::new(span, Wrong::NoCoordinate { coordinates }))
    }

    fn gradient(&mut self, argument: usize, span: Span) -> Result<Vec<Id>, Failed> {
        let a = self.number(argument)?;
        self.scope.space().into_iter().map(|coordinate| self.slope(a, coordinate, span)).collect()
    }

    /// The components of a vector of as many as there are coordinates of space.
    fn of_space(&self, function: &'static str, argument: usize) -> Result<Vec<Id>, Failed> {
        let components = self.vector(argument)?;
        let (wanted, found) = (self.scope.space().len(), components.len());
        if wanted != found {
            return Err(Failed::new(self.tree.span(argument), Wrong::SpaceDimensions { function, wanted, found }));
        }
        Ok(components)
    }

    fn divergence(&mut self, argument: usize, span: Span) -> Result<Id, Failed> {
        let components = self.of_space(Call::Divergence.name(), argument)?;
        let mut sum = self.graph.number(0.0);
        for (component, coordinate) in components.into_iter().zip(self.scope.space()) {
            let slope = self.slope(component, coordinate, span)?;
            sum = self.graph.sum(sum, slope);
        }
        Ok(sum)
    }

    fn laplacian(&mut self, argument: usize, span: Span) -> Result<Value, Failed> {
        let of = |resolver: &mut Self, a: Id| {
            let mut sum = resolver.graph.number(0.0);
            for coordinate in resolver.scope.space() {
                let first = resolver.slope(a, coordinate, span)?;
                let second = resolver.slope(first, coordinate, span)?;
                sum = resolver.graph.sum(sum, second);
            }
            Ok(sum)
        };
        match self.value(argument).clone() {
            Value::Vector(components) => {
                Ok(Value::Vector(components.into_iter().map(|a| of(self, a)).collect::<Result<_, _>>()?))
            }
            _ => {
                let a = self.number(argument)?;
                Ok(Value::Number(of(self, a)?))
            }
        }
    }

    /// Of a vector in two dimensions a number, of a number there a vector (as of a stream function), in three dimensions of a vector
    /// a vector.
    fn curl(&mut self, argument: usize, span: Span) -> Result<Value, Failed> {
        let space = self.scope.space();
        match (space.as_slice(), self.value(argument).clone()) {
            (&[x, y], Value::Number(a)) => {
                let (first, second) = (self.slope(a, y, span)?, self.slope(a, x, span)?);
                Ok(Value::Vector(vec![first, self.graph.negation(second)]))
            }
            (&[x, y], _) => {
                let components = self.of_space(Call::Curl.name(), argument)?;
                Ok(Value::Number(self.turn([components[0], components[1]], [x, y], span)?))
            }
            (&[x, y, z], _) => {
                let components = self.of_space(Call::Curl.name(), argument)?;
                let [u, v, w] = [components[0], components[1], components[2]];
                let turns = [([v, w], [y, z]), ([w, u], [z, x]), ([u, v], [x, y])];
                let turns = turns.map(|(pair, plane)| self.turn(pair, plane, span));
                Ok(Value::Vector(turns.into_iter().collect::<Result<_, _>>()?))
            }
            (space, _) => Err(Failed::new(span, Wrong::Curl(space.len()))),
        }
    }

    /// `∂v/∂x - ∂u/∂y`.
    fn turn(&mut self, [u, v]: [Id; 2], [x, y]: [usize; 2], span: Span) -> Result<Id, Failed> {
        let (left, right) = (self.slope(v, x, span)?, self.slope(u, y, span)?);
        Ok(self.graph.difference(left, right))
    }

    fn dot(&mut self, a: &[Id], b: &[Id]) -> Id {
        let mut sum = self.graph.number(0.0);
        for (a, b) in a.iter().zip(b) {
            let product = self.graph.product(*a, *b);
            sum = self.graph.sum(sum, product);
        }
        sum
    }
}
