//! Sine, cosine, arctangent, logarithm and exponential, to any number of digits.
//!
//! Each is worked out with some digits more than asked for, by a series of terms that get smaller, and
//! then cut.

use num_bigint::BigInt;
use num_traits::{Signed as _, ToPrimitive as _, Zero as _};

use super::number::{Number, ten_to};

/// More digits take too long.
const MAX_SCALE: u32 = 2000;
const GUARD: u32 = 12;

/// Numbers with one scale, whose units are worked with.
struct Fixed {
    scale: u32,
    one: BigInt,
}

/// The sum of terms that a step makes of one another, until they are nothing.
fn series(first: BigInt, mut step: impl FnMut(&BigInt, u32) -> (BigInt, BigInt)) -> BigInt {
    let mut sum = BigInt::zero();
    let mut carried = first;
    for at in 0.. {
        let (term, next) = step(&carried, at);
        if term.is_zero() {
            break;
        }
        sum += term;
        carried = next;
    }
    sum
}

impl Fixed {
    fn new(scale: u32) -> Fixed {
        Fixed { scale, one: ten_to(scale) }
    }

    fn product(&self, a: &BigInt, b: &BigInt) -> BigInt {
        a * b / &self.one
    }

    fn quotient(&self, a: &BigInt, b: &BigInt) -> BigInt {
        a * &self.one / b
    }

    fn exponential(&self, x: &BigInt) -> BigInt {
        // Of a small part, and then squared as often as it was halved.
        let mut halvings = 0_u32;
        let mut small = x.clone();
        while small.abs() > &self.one / 4 {
            small /= 2;
            halvings += 1;
        }
        let one = self.one.clone();
        let mut power =
            series(one, |term, at| (term.clone(), self.product(term, &small) / (at + 1)));
        for _ in 0..halvings {
            power = self.product(&power, &power);
        }
        power
    }

    fn arctangent(&self, x: &BigInt) -> BigInt {
        // The angle is halved until its tangent is small.
        let (mut small, mut halvings) = (x.clone(), 0_u32);
        while small.abs() > &self.one / 8 {
            let square = &self.one * &self.one + &small * &small;
            small = self.quotient(&small, &(&self.one + square.sqrt()));
            halvings += 1;
        }
        let square = self.product(&small, &small);
        let angle =
            series(small, |power, at| (power / (2 * at + 1), -self.product(power, &square)));
        angle * BigInt::from(2).pow(halvings)
    }

    fn pi(&self) -> BigInt {
        let part = |of: u32| self.arctangent(&(&self.one / of));
        part(5) * 16 - part(239) * 4
    }

    fn sine(&self, x: &BigInt) -> BigInt {
        let turn = self.pi() * 2;
        let x = x % &turn;
        let square = self.product(&x, &x);
        series(x, |term, at| {
            let next = -self.product(term, &square) / ((2 * at + 2) * (2 * at + 3));
            (term.clone(), next)
        })
    }

    fn logarithm(&self, x: &BigInt) -> BigInt {
        // Roots bring it near one; each halves the logarithm.
        let (mut near, mut roots) = (x.clone(), 0_u32);
        while (&near - &self.one).abs() > &self.one / 10 {
            near = (&near * &self.one).sqrt();
            roots += 1;
        }
        let ratio = self.quotient(&(&near - &self.one), &(&near + &self.one));
        let square = self.product(&ratio, &ratio);
        let half = series(ratio, |power, at| (power / (2 * at + 1), self.product(power, &square)));
        half * BigInt::from(2).pow(roots + 1)
    }
}

/// The function of that letter.
pub(super) fn of(name: &str, x: &Number, scale: u32) -> Result<Number, &'static str> {
    if scale > MAX_SCALE {
        return Err("scale too large for a function of the library");
    }
    let digits = u32::try_from(x.at(0).to_string().len()).map_err(|_| "number too large")?;
    if digits > MAX_SCALE {
        return Err("number too large");
    }
    // An exponential is as long as its argument is large.
    let extra = match (name, x.to_count()) {
        ("e", Some(power)) if power.abs() <= 100_000 => {
            u32::try_from(power.max(0)).unwrap_or(0) / 2
        }
        ("e", _) => return Err("exponent too large"),
        _ => digits,
    };
    let fixed = Fixed::new(scale + GUARD + extra + x.scale.min(GUARD));
    let units = x.at(fixed.scale);
    let answer = match name {
        "s" => fixed.sine(&units),
        "c" => fixed.sine(&(units + fixed.pi() / 2)),
        "a" => fixed.arctangent(&units),
        "e" => fixed.exponential(&units),
        _ if units.is_positive() => fixed.logarithm(&units),
        // As the usual one answers.
        _ => {
            let most = ten_to(scale) - 1_u32;
            return Ok(Number { units: -(most * ten_to(scale.min(20))), scale });
        }
    };
    let cut = Number { units: answer, scale: fixed.scale }.cut(scale);
    debug_assert!(cut.units.bits().to_u64().is_some());
    Ok(cut)
}
