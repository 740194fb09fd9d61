//! JSON to requests. Fields that no operation knows are passed over: callers hand over whole objects.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::error::Error;

/// Reads a request.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| {
        let whole = error.to_string();
        // Where in the JSON says nothing to a caller who wrote an object.
        let what = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(what, _)| what);
        Error::invalid_argument(format!("the request is not acceptable: {what}"))
    })
}

/// A number of a request as it came, so that a fault can name its field. `null` is what JSON makes of
/// `NaN` and is a fault, unlike a field that is absent.
#[derive(Debug, Default)]
pub(super) struct Count(Option<Value>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Count, D::Error> {
        Value::deserialize(deserializer).map(|value| Count(Some(value)))
    }
}

impl Count {
    /// The number, if one was given.
    pub(super) fn read(&self, field: &str) -> Result<Option<u64>, Error> {
        // The largest whole number that JavaScript tells from its neighbours.
        const MAX: u64 = (1 << 53) - 1;
        let Some(value) = &self.0 else { return Ok(None) };
        let number = value.as_u64().or_else(|| whole(value.as_f64()?));
        match number.filter(|number| *number <= MAX) {
            Some(number) => Ok(Some(number)),
            None => Err(Error::invalid_argument(format!(
                "{field} must be a whole number that is not negative"
            ))
            .with_details(json!({ "field": field }))),
        }
    }

    /// The number, where 0 says as little as nothing.
    pub(super) fn read_some(&self, field: &str) -> Result<Option<u64>, Error> {
        Ok(self.read(field)?.filter(|number| *number > 0))
    }

    /// How many results are wanted: `default` unless it says otherwise, and never more than `max`.
    pub(super) fn results(&self, default: u64, max: u64) -> Result<usize, Error> {
        let wanted = self.read("maxResults")?.unwrap_or(default).min(max);
        Ok(usize::try_from(wanted).unwrap_or(usize::MAX))
    }
}

/// `3.0`, which some write for 3.
fn whole(number: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
    (number.fract() == 0.0 && (0.0..9.0e15).contains(&number)).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Request {
        #[serde(default)]
        offset: Count,
    }

    fn offset(json: &str) -> Result<Option<u64>, String> {
        let request = parse::<Request>(json).map_err(|error| error.to_string())?;
        request.offset.read("offset").map_err(|error| error.to_string())
    }

    #[test]
    fn a_number_that_is_none_is_no_default() {
        assert_eq!(offset("{}"), Ok(None));
        assert_eq!(offset(r#"{"offset":0}"#), Ok(Some(0)));
        assert_eq!(offset(r#"{"offset":3.0,"other":[]}"#), Ok(Some(3)));
        for value in ["null", "-1", "1.5", "1e300", "\"3\"", "true", "[]", "9007199254740992"] {
            let error = offset(&format!(r#"{{"offset":{value}}}"#)).unwrap_err();
            assert_eq!(error, "offset must be a whole number that is not negative", "{value}");
        }
    }

    #[test]
    fn a_fault_names_no_place_in_the_json() {
        assert_eq!(
            offset("{\"offset\":").unwrap_err(),
            "the request is not acceptable: EOF while parsing a value"
        );
    }
}
