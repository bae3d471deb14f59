//! The harness in `tests/real-client`: built for a release of Kafka when it has to be, and started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use sim_core::config::Release;

use super::Failure;
use super::client::RealClient;

/// The harness of one release, built.
pub(crate) struct Harness {
    jar: PathBuf,
    /// The profile that ours runs with.
    pub(crate) release: Release,
}

impl Harness {
    /// Builds the harness for this release of the real client (`4.1.1`), unless its jar is newer than its sources.
    pub(crate) fn built(kafka: &str) -> Result<Harness, Failure> {
        let minor = kafka.rsplit_once('.').map_or(kafka, |(minor, _)| minor);
        let release = Release::by_profile(&format!("kafka-{minor}"))
            .ok_or_else(|| format!("there is no profile for Kafka {kafka}; a release is written 4.1.1"))?;
        let sources = match minor {
            "3.9" | "4.0" => minor,
            _ if release.at_least(4, 1) => "4.1",
            _ => return Err(format!("the harness drives clients from 3.9 on, not {kafka}").into()),
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("real-client");
        let target = format!("target-{kafka}");
        let jar = folder.join(&target).join("oracle.jar");
        let changed = newest(&folder.join("src"))?.max(modified(&folder.join("pom.xml"))?);
        if modified(&jar).is_ok_and(|built| built >= changed) {
            return Ok(Harness { jar, release });
        }
        let status = Command::new("mvn")
            .args(["-q", "package"])
            .arg(format!("-Dkafka.version={kafka}"))
            .arg(format!("-Dclient.api={sources}"))
            .arg(format!("-Dbuild.folder={target}"))
            .current_dir(&folder)
            .status()
            .map_err(|error| format!("mvn (Maven builds the harness): {error}"))?;
        if !status.success() {
            return Err(format!("mvn could not build {} for Kafka {kafka}", folder.display()).into());
        }
        Ok(Harness { jar, release })
    }

    /// Starts a JVM that runs scripts.
    pub(crate) fn start(&self) -> Result<RealClient, Failure> {
        RealClient::start(&self.jar, self.release)
    }

    /// Where differences are written to.
    pub(crate) fn output_folder() -> Result<PathBuf, Failure> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/judge");
        fs::create_dir_all(&folder)?;
        Ok(folder.canonicalize()?)
    }
}

/// When the newest file below a folder was changed.
fn newest(folder: &Path) -> Result<SystemTime, Failure> {
    let mut latest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        latest = latest.max(if path.is_dir() { newest(&path)? } else { modified(&path)? });
    }
    Ok(latest)
}

fn modified(path: &Path) -> Result<SystemTime, Failure> {
    Ok(fs::metadata(path)?.modified()?)
}
