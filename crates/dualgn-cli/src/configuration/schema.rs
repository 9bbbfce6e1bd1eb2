//! The JSON schema of a run's file.

use dualgn_networks::Description;
use serde_json::{Map, Value, json};

use super::options::{COMMANDS, Kind, command, help, kind, options};

/// The schema, for editors that complete and check TOML.
pub(crate) fn schema() -> Value {
    let mut properties = Map::new();
    properties.insert("table".into(), json!({ "type": "string", "description": "The table that `fit` learns from" }));
    properties
        .insert("problem".into(), json!({ "type": "string", "description": "The problem of `train` or `compare`" }));
    let names: Vec<&str> = COMMANDS.iter().map(|(name, _)| *name).collect();
    properties.insert(
        "command".into(),
        json!({ "enum": names, "description": "The command; `fit` for a table, else `train`" }),
    );
    #[cfg(feature = "tables")]
    properties.insert(
        "columns".into(),
        json!({
            "type": "object",
            "additionalProperties": { "enum": dualgn_tables::table::Role::names() },
            "description": "What each column is for",
        }),
    );
    for (name, _) in COMMANDS {
        let command = command(name);
        for option in options(&command) {
            let (kind, several) = kind(option);
            let mut one = match kind {
                Kind::Switch => json!({ "type": "boolean" }),
                Kind::Whole => json!({ "type": "integer" }),
                Kind::Number => json!({ "type": "number" }),
                Kind::Words(words) => json!({ "enum": words }),
                Kind::Text => json!({ "type": "string" }),
            };
            if several {
                one = json!({ "anyOf": [one.clone(), { "type": "array", "items": one }] });
            }
            one["description"] = help(option).into();
            properties.entry(option.get_long().unwrap_or_default()).or_insert(one);
        }
    }
    let network = schemars::schema_for!(Description);
    let network = serde_json::to_value(&network).unwrap_or_default();
    let definitions = network.get("$defs").cloned().unwrap_or_default();
    properties.insert(
        "network".into(),
        json!({ "anyOf": [
            { "type": "string", "description": "A preset, or a TOML file" },
            { "type": "object", "properties": network["properties"], "additionalProperties": false },
        ] }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A run of dualgn",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "anyOf": [{ "required": ["table"] }, { "required": ["problem"] }],
        "$defs": definitions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_there_with_their_types() {
        let schema = schema();
        let of = |name: &str| schema["properties"][name].clone();
        assert_eq!(of("epochs")["type"], "number");
        assert_eq!(of("batch")["type"], "integer");
        assert_eq!(of("quiet")["type"], "boolean");
        assert!(of("loss")["enum"].as_array().unwrap().contains(&"softmax".into()));
        assert!(of("missing")["enum"].as_array().unwrap().contains(&"impute".into()));
        assert!(schema["$defs"]["LayerDescription"].is_object());
    }
}
