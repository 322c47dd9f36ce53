//! `kafka-acls`: adds, removes and lists access control entries (`AclCommand`).

mod options;
mod wanted;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead as _};

use kafka_options::{Options, Usage};
use kafka_rpc::acl::{AclPermissionType, PatternType};
use kafka_thin_client::admin::{self, AccessControlEntry, AclFilter, ResourcePattern};
use kafka_thin_client::{ApiError, Client, ClientError};

use crate::client::{connect, exception};
use crate::terminal::{Stop, Terminal};
use wanted::Entries;

/// Why a command fails.
enum AclsError {
    /// The cluster refuses, or does not answer.
    Client(ClientError),
    /// The tool ends otherwise.
    Stop(Stop),
}

impl From<ClientError> for AclsError {
    fn from(error: ClientError) -> Self {
        AclsError::Client(error)
    }
}

impl From<ApiError> for AclsError {
    fn from(error: ApiError) -> Self {
        AclsError::Client(error.into())
    }
}

impl From<Stop> for AclsError {
    fn from(stop: Stop) -> Self {
        AclsError::Stop(stop)
    }
}

impl From<io::Error> for AclsError {
    fn from(error: io::Error) -> Self {
        AclsError::Stop(error.into())
    }
}

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let (options, usage) = options::parse(args)?;
    let pattern = options::pattern_type(&options)?;
    // A controller takes the same requests; only the names of the options differ.
    let bootstrap = if options.has("bootstrap-server") { "bootstrap-server" } else { "bootstrap-controller" };
    let mut client = connect(&options, bootstrap, "command-config")?;
    execute(&mut client, &options, &usage, pattern, terminal).or_else(|error| {
        let why = match error {
            AclsError::Stop(Stop::Failed(message)) => message,
            AclsError::Stop(stop) => return Err(stop),
            AclsError::Client(ClientError::Api(error)) => exception(&error),
            AclsError::Client(error) => error.to_string(),
        };
        terminal.line(format_args!("Error while executing ACL command: {why}"))?;
        Err(Stop::Exit(1))
    })
}

fn execute(
    client: &mut Client,
    options: &Options,
    usage: &Usage,
    pattern: PatternType,
    terminal: &mut Terminal<'_>,
) -> Result<(), AclsError> {
    if options.has("list") {
        return list(client, options, pattern, terminal);
    }
    let wanted = wanted::entries(options, usage, pattern, options.has("add"))?;
    match options.has("add") {
        true => add(client, &wanted, terminal),
        false => remove(client, &wanted, options.has("force"), terminal),
    }
}

fn add(client: &mut Client, wanted: &Entries, terminal: &mut Terminal<'_>) -> Result<(), AclsError> {
    for (resource, entries) in wanted {
        let filter = AclFilter { resources: Some(resource.clone()), entry: None };
        let known = admin::describe_acls(client, &filter)?;
        let mut bindings = Vec::new();
        for entry in entries {
            let binding = (resource.clone(), entry.clone());
            if known.contains(&binding) {
                let shown = format!("(pattern={}, entry={})", shown(resource), shown_entry(entry));
                terminal.line(format_args!("Acl {shown} already exists."))?;
            } else {
                bindings.push(binding);
            }
        }
        if bindings.is_empty() {
            continue;
        }
        let new: Vec<_> = bindings.iter().map(|(_, entry)| entry).collect();
        terminal.line(format_args!("Adding ACLs for resource `{}`: \n {}\n", shown(resource), lines(new)))?;
        let created = admin::create_acls(client, &bindings)?;
        created.into_iter().collect::<Result<Vec<()>, ApiError>>()?;
    }
    Ok(())
}

fn remove(
    client: &mut Client,
    wanted: &Entries,
    is_forced: bool,
    terminal: &mut Terminal<'_>,
) -> Result<(), AclsError> {
    for (resource, entries) in wanted {
        let question = match entries.is_empty() {
            true => {
                format!("Are you sure you want to delete all ACLs for resource filter `{}`? (y/n)", shown(resource))
            }
            false => format!(
                "Are you sure you want to remove ACLs: \n {}\n from resource filter `{}`? (y/n)",
                lines(entries.iter().collect()),
                shown(resource)
            ),
        };
        if !is_forced && !confirm(&question, terminal)? {
            continue;
        }
        let filter = |entry| AclFilter { resources: Some(resource.clone()), entry };
        let filters = match entries.is_empty() {
            true => vec![filter(None)],
            false => entries.iter().map(|entry| filter(Some(entry.clone()))).collect(),
        };
        let deleted = admin::delete_acls(client, &filters)?;
        deleted.into_iter().collect::<Result<Vec<usize>, ApiError>>()?;
    }
    Ok(())
}

fn confirm(question: &str, terminal: &mut Terminal<'_>) -> io::Result<bool> {
    terminal.line(question)?;
    terminal.out().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim_end_matches(['\r', '\n']).eq_ignore_ascii_case("y"))
}

fn list(
    client: &mut Client,
    options: &Options,
    pattern: PatternType,
    terminal: &mut Terminal<'_>,
) -> Result<(), AclsError> {
    let resources = wanted::resources(options, pattern);
    let filters: Vec<AclFilter> = match resources.is_empty() {
        true => vec![AclFilter::default()],
        false => resources.into_iter().map(|of| AclFilter { resources: Some(of), entry: None }).collect(),
    };
    let mut found: BTreeMap<ResourcePattern, Vec<AccessControlEntry>> = BTreeMap::new();
    for filter in &filters {
        for (resource, entry) in admin::describe_acls(client, filter)? {
            let entries = found.entry(resource).or_default();
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
    }
    let principals = wanted::principals(options, "principal")?;
    if principals.is_empty() {
        return Ok(show(&found, |_| true, terminal)?);
    }
    for principal in principals {
        terminal.line(format_args!("ACLs for principal `{principal}`"))?;
        show(&found, |entry| entry.principal == principal, terminal)?;
    }
    Ok(())
}

fn show(
    found: &BTreeMap<ResourcePattern, Vec<AccessControlEntry>>,
    is_wanted: impl Fn(&AccessControlEntry) -> bool,
    terminal: &mut Terminal<'_>,
) -> io::Result<()> {
    for (resource, entries) in found {
        let mut entries: Vec<_> = entries.iter().filter(|entry| is_wanted(entry)).collect();
        entries.sort();
        if !entries.is_empty() {
            terminal.line(format_args!("Current ACLs for resource `{}`:\n{}\n", shown(resource), lines(entries)))?;
        }
    }
    Ok(())
}

/// As Java shows a pattern.
fn shown(resource: &ResourcePattern) -> String {
    let (kind, pattern) = (resource.resource_type.name(), resource.pattern_type.name());
    format!("ResourcePattern(resourceType={kind}, name={}, patternType={pattern})", resource.name)
}

/// As Java shows an entry.
fn shown_entry(entry: &AccessControlEntry) -> String {
    let AccessControlEntry { principal, host, operation, permission_type } = entry;
    let (operation, permission) = (operation.name(), permission_type.name());
    format!("(principal={principal}, host={host}, operation={operation}, permissionType={permission})")
}

fn lines(entries: Vec<&AccessControlEntry>) -> String {
    entries.into_iter().map(|entry| format!("\t{}", shown_entry(entry))).collect::<Vec<_>>().join("\n")
}

/// An entry of the command line.
fn entry(principal: &str, host: &str, operation: kafka_rpc::acl::AclOperation, allows: bool) -> AccessControlEntry {
    let permission_type = if allows { AclPermissionType::Allow } else { AclPermissionType::Deny };
    AccessControlEntry { principal: principal.to_owned(), host: host.to_owned(), operation, permission_type }
}
