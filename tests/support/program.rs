//! Programs that a test runs to their end.

use std::ffi::OsStr;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a program may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A program to run. It gets nothing of this one's environment but where programs are.
pub struct Program(Command);

impl Program {
    /// The program at a path, or of a name.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in ["PATH", "HOME"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        Self(command)
    }

    /// Further arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.0.args(arguments);
        self
    }

    /// Further variables.
    pub fn envs<V: AsRef<OsStr>>(mut self, variables: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        self.0.envs(variables);
        self
    }

    /// Runs it; what it wrote to standard output. The test fails, with everything that it wrote, if
    /// it ends badly or does not end.
    pub fn run(mut self) -> String {
        let mut child = self.0.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", self.0));
        let output = collect(child.stdout.take());
        let errors = collect(child.stderr.take());
        let began = Instant::now();
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break Some(status),
                None if began.elapsed() > PATIENCE => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    break None;
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        let (output, errors) = (output.join().unwrap(), errors.join().unwrap());
        let ended = status.map_or_else(|| format!("no end within {PATIENCE:?}"), |status| status.to_string());
        let program = self.0.get_program().to_string_lossy();
        assert!(status.is_some_and(|status| status.success()), "{program}: {ended}\n{output}\n{errors}");
        output
    }
}

/// Reads everything beside, so that the program never waits for its reader.
fn collect(from: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            from.read_to_end(&mut bytes).unwrap();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
