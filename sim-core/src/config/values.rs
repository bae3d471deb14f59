//! The values of one family in one release: defaults with the user's settings over them, each read and checked alone.

use crate::config::given::{Origin, Setting, Settings};
use crate::config::keys::{Effect, Family, Key};
use crate::config::outcome::{ConfigError, Effective, Note, NoteKind, Resolved};
use crate::config::value::{self, Value};
use crate::config::{Release, unknown};
use crate::protocol::Exception;

/// A family's values while they are resolved.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    pub(crate) release: Release,
    family: Family,
    slots: Vec<Slot>,
    notes: Vec<Note>,
}

#[derive(Clone, Debug)]
struct Slot {
    key: &'static Key,
    default: Value,
    value: Value,
    origin: Option<Origin>,
}

impl Values {
    /// Reads settings over the release's defaults; checks each alone.
    pub(crate) fn read(family: Family, release: Release, settings: &Settings) -> Result<Values, ConfigError> {
        let slots = family.keys().iter().filter(|key| key.is_in(release)).map(Slot::new(release)).collect();
        let mut values = Values { release, family, slots, notes: Vec::new() };
        for setting in settings.iter() {
            if values.slot(&setting.key).is_none() {
                values.refuse_unknown(setting)?;
            } else if settings.get(&setting.key).is_some_and(|last| std::ptr::eq(last, setting)) {
                values.take(setting)?;
            }
        }
        Ok(values)
    }

    fn refuse_unknown(&mut self, setting: &Setting) -> Result<(), ConfigError> {
        let found = unknown::explain(self.family, self.release, &setting.key);
        if setting.origin.is_strict() {
            let error = ConfigError::stricter(setting, found.what, found.instead);
            return Err(match self.family {
                // The only ones that refuse what they do not know.
                Family::Topic => error.thrown_as(Exception::InvalidConfigurationException),
                _ => error,
            });
        }
        self.notes.push(Note {
            kind: NoteKind::Warning,
            key: setting.key.clone(),
            text: format!(
                "{} ({}); {}",
                unknown::kafkas_warning(self.release, &setting.key),
                found.what,
                found.instead
            ),
            origin: Some(setting.origin.clone()),
        });
        Ok(())
    }

    fn take(&mut self, setting: &Setting) -> Result<(), ConfigError> {
        let release = self.release;
        let Some(slot) = self.slot_mut(&setting.key) else { return Ok(()) };
        slot.value = value::parse(slot.key, &setting.value, release).map_err(|invalid| {
            ConfigError::of(&setting.key, Some(&setting.origin), invalid.message, invalid.instead)
        })?;
        slot.origin = Some(setting.origin.clone());
        match slot.key.effect {
            Effect::Works => {}
            Effect::None(why) => self.note(NoteKind::NoEffect, &setting.key, format!("has no effect: {why}")),
            Effect::NotYet(instead) => {
                self.note(NoteKind::NotModelled, &setting.key, format!("is not modelled: {instead}"));
            }
        }
        Ok(())
    }

    /// Whether the user set this key.
    pub(crate) fn is_set(&self, key: &str) -> bool {
        self.origin(key).is_some()
    }

    /// Where the user set this key.
    pub(crate) fn origin(&self, key: &str) -> Option<&Origin> {
        self.slot(key)?.origin.as_ref()
    }

    /// A whole number, if the release has the key and it is not null.
    pub(crate) fn number(&self, key: &str) -> Option<i64> {
        match self.slot(key)?.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// A whole number of Kafka's type `int`, if the release has the key and it is not null.
    pub(crate) fn int(&self, key: &str) -> Option<i32> {
        self.number(key).and_then(|number| i32::try_from(number).ok())
    }

    /// A boolean, if the release has the key.
    pub(crate) fn boolean(&self, key: &str) -> Option<bool> {
        match self.slot(key)?.value {
            Value::Boolean(value) => Some(value),
            _ => None,
        }
    }

    /// A text, if the release has the key and it is not null.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match &self.slot(key)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A list, if the release has the key and it is not null.
    pub(crate) fn list(&self, key: &str) -> Option<&[String]> {
        match &self.slot(key)?.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// Whatever the value is.
    pub(crate) fn value(&self, key: &str) -> Option<&Value> {
        self.slot(key).map(|slot| &slot.value)
    }

    /// What Kafka itself changes.
    pub(crate) fn adjust(&mut self, key: &str, value: Value) {
        if let Some(slot) = self.slot_mut(key) {
            slot.value = value;
        }
    }

    /// Another default than the release's: what the user did not set then holds.
    pub(crate) fn set_default(&mut self, key: &str, value: Value) {
        if let Some(slot) = self.slot_mut(key) {
            if slot.origin.is_none() {
                slot.value = value.clone();
            }
            slot.default = value;
        }
    }

    /// A text as a value of this key's type, in its range or not; none: the release has no such key.
    pub(crate) fn read_as(&self, key: &str, text: &str) -> Option<Value> {
        value::typed(self.slot(key)?.key.kind, text).ok()
    }

    /// A remark about a key that the user set, or that has its default.
    pub(crate) fn note(&mut self, kind: NoteKind, key: &str, text: String) {
        self.note_because_of(&[key], kind, key, text);
    }

    /// A remark about a key; it points at the first of the reasons that the user set.
    pub(crate) fn note_because_of(&mut self, reasons: &[&str], kind: NoteKind, key: &str, text: String) {
        let origin = reasons.iter().find_map(|reason| self.origin(reason)).cloned();
        self.notes.push(Note { kind, key: key.to_string(), text, origin });
    }

    /// A `ConfigException` that a rule about several keys throws; it points at `key`.
    pub(crate) fn error(&self, key: &str, message: String, instead: &str) -> ConfigError {
        ConfigError::of(key, self.origin(key), message, instead.to_string())
    }

    /// The end: the typed configuration with everything that was found on the way.
    pub(crate) fn resolved<T>(self, config: T) -> Resolved<T> {
        let values = self.slots.into_iter().map(Slot::effective).collect();
        Resolved { config, values, notes: self.notes }
    }

    fn slot(&self, key: &str) -> Option<&Slot> {
        let at = self.slots.binary_search_by(|slot| slot.key.name.cmp(key)).ok()?;
        Some(&self.slots[at])
    }

    fn slot_mut(&mut self, key: &str) -> Option<&mut Slot> {
        let at = self.slots.binary_search_by(|slot| slot.key.name.cmp(key)).ok()?;
        Some(&mut self.slots[at])
    }
}

impl Slot {
    fn new(release: Release) -> impl Fn(&'static Key) -> Slot {
        move |key| {
            let default = value::default(key, release);
            Slot { key, value: default.clone(), default, origin: None }
        }
    }

    fn effective(self) -> Effective {
        Effective {
            key: self.key.name,
            value: self.value.to_string(),
            default: self.default.to_string(),
            origin: self.origin,
        }
    }
}
