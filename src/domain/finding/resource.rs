//! What a finding is about: its subject, which `resource.resourceType` decides, and everything else that it names.
//!
//! A finding carries details beside those of its subject: the caller of an S3 finding, the instance under a container. The order in which
//! they stand says nothing.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::json::{at, first, items, text, untrusted};
use crate::domain::text::Untrusted;

/// Something that a finding names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// AWS's word: `S3Bucket` of `resourceType`, `EC2_INSTANCE` of a sequence, `AWS::S3::Bucket` of the affected resources, or the name of
    /// the member (`kubernetesWorkload`) where no other word is given.
    pub kind: Untrusted,
    /// What people call it: a bucket's or cluster's name, an instance's id.
    pub name: Untrusted,
    /// Its ARN or unique id, where the finding has one.
    pub id: Option<Untrusted>,
}

/// A member of `resource`: its name without `Details`, the paths to a name in it, the best first, and those to an id.
type Shape = (&'static str, &'static [&'static str], &'static [&'static str]);

/// The members of `resource` in the API's model.
const SHAPES: &[Shape] = &[
    ("accessKey", &["userName", "principalId", "accessKeyId"], &["accessKeyId"]),
    ("instance", &["instanceId"], &[]),
    ("s3Bucket", &["name", "arn"], &["arn"]),
    ("eksCluster", &["name", "arn"], &["arn"]),
    ("ecsCluster", &["name", "arn"], &["arn"]),
    ("container", &["name", "id", "image"], &["id", "image"]),
    ("lambda", &["functionName", "functionArn"], &["functionArn"]),
    ("rdsDbInstance", &["dbInstanceIdentifier", "dbInstanceArn"], &["dbInstanceArn"]),
    ("rdsLimitlessDb", &["dbShardGroupIdentifier", "dbShardGroupArn"], &["dbShardGroupArn"]),
    ("ebsSnapshot", &["snapshotArn"], &["snapshotArn"]),
    ("ec2Image", &["imageArn"], &["imageArn"]),
    ("recoveryPoint", &["recoveryPointArn"], &["recoveryPointArn"]),
];

/// The words of `resourceType` that are not the name of the member with the details.
const MEMBER_OF: &[(&str, &str)] = &[
    ("kubernetescluster", "eksCluster"),
    ("kubernetes", "eksCluster"),
    ("lambdafunction", "lambda"),
    ("rdsdbcluster", "rdsDbInstance"),
    ("ec2instance", "instance"),
    ("iamuser", "accessKey"),
];

/// What the finding is about, and everything it names, the subject first. No subject: its type's details are missing.
pub(super) fn resources(value: &Value) -> (Option<Untrusted>, Vec<Resource>) {
    let resource = at(value, "resource").unwrap_or(&Value::Null);
    let kind = untrusted(resource, "resourceType").unwrap_or_else(|| "".into());
    let mut all = members(resource);
    all.extend(affected(value));
    let correlated: Vec<Resource> = items(value, "service.detection.sequence.resources").filter_map(of_sequence).collect();
    let subject = match subject_of(&kind, &all) {
        Some(at) => Some(all.remove(at)),
        None if kind.is_empty() || !has_member(&kind) => subject_of_sequence(value, &correlated).or_else(|| fallback(&all)),
        None => None,
    };
    let subject = subject.map(|subject| if kind.is_empty() { subject } else { named_as(subject, &kind) });
    let mut named: Vec<Resource> = subject.clone().into_iter().collect();
    for resource in all.into_iter().chain(correlated) {
        if !named.iter().any(|known| known.name == resource.name && is_same(&known.kind, &resource.kind)) {
            named.push(resource);
        }
    }
    (subject.map(|subject| subject.name), named)
}

/// The subject of a sequence keeps the word that the sequence has for it.
fn named_as(subject: Resource, kind: &Untrusted) -> Resource {
    if plain(kind.raw()) == "attacksequence" { subject } else { Resource { kind: kind.clone(), ..subject } }
}

/// Everything that `resource` has details of.
fn members(resource: &Value) -> Vec<Resource> {
    let Value::Object(members) = resource else { return Vec::new() };
    let mut all = Vec::new();
    for (name, details) in members {
        let name = bare(name);
        match plain(&name).as_str() {
            "resourcetype" | "rdsdbuser" => {}
            "s3bucket" => each(details).for_each(|bucket| all.extend(bucket_and_objects(bucket))),
            "kubernetes" => all.extend(workload(details)),
            "ebsvolume" => all.extend(volumes(details)),
            "ecscluster" => each(details).for_each(|cluster| {
                all.extend(shaped("ecsCluster", cluster));
                all.extend(arn_of("ecsTask", at(cluster, "taskDetails"), "arn"));
            }),
            member => each(details).for_each(|details| match SHAPES.iter().find(|(shape, ..)| plain(shape) == member) {
                Some((shape, ..)) => all.extend(shaped(shape, details)),
                None => all.extend(unheard_of(&name, details)),
            }),
        }
    }
    all
}

/// `eksCluster` of `eksClusterDetails`.
fn bare(member: &str) -> String {
    let end = member.len().saturating_sub("details".len());
    let is_details = member.get(end..).is_some_and(|end| end.eq_ignore_ascii_case("details"));
    member.get(..end).filter(|_| is_details).unwrap_or(member).to_owned()
}

fn each(details: &Value) -> std::slice::Iter<'_, Value> {
    match details {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    }
    .iter()
}

fn shaped(member: &str, details: &Value) -> Option<Resource> {
    let (kind, names, ids) = SHAPES.iter().find(|(shape, ..)| *shape == member)?;
    Some(Resource { kind: (*kind).into(), name: first(details, names)?, id: first(details, ids) })
}

fn bucket_and_objects(bucket: &Value) -> Vec<Resource> {
    let mut all: Vec<Resource> = shaped("s3Bucket", bucket).into_iter().collect();
    let of = text(bucket, "name");
    all.extend(items(bucket, "s3ObjectDetails").filter_map(|object| {
        let arn = untrusted(object, "objectArn");
        let name = match (&of, text(object, "key")) {
            (Some(bucket), Some(key)) => Some(Untrusted::new(format!("{bucket}/{key}"))),
            (None, Some(key)) => Some(Untrusted::new(key)),
            (_, None) => arn.clone(),
        };
        Some(Resource { kind: "s3Object".into(), name: name?, id: arn })
    }));
    all
}

/// A workload goes by its namespace: two of them have the same name in every cluster.
fn workload(details: &Value) -> Vec<Resource> {
    let Some(workload) = at(details, "kubernetesWorkloadDetails") else { return Vec::new() };
    let name = text(workload, "name").map(|name| match text(workload, "namespace") {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name,
    });
    let id = untrusted(workload, "uid");
    let mut all: Vec<Resource> =
        name.map(|name| Resource { kind: "kubernetesWorkload".into(), name: name.into(), id }).into_iter().collect();
    all.extend(items(workload, "containers").filter_map(|container| shaped("container", container)));
    all
}

fn volumes(details: &Value) -> Vec<Resource> {
    ["scannedVolumeDetails", "skippedVolumeDetails"]
        .iter()
        .flat_map(|list| items(details, list))
        .filter_map(|volume| arn_of("ebsVolume", Some(volume), "volumeArn"))
        .collect()
}

fn arn_of(kind: &str, details: Option<&Value>, path: &str) -> Option<Resource> {
    let arn = untrusted(details?, path)?;
    Some(Resource { kind: kind.into(), name: arn.clone(), id: Some(arn) })
}

/// How the name of a member ends that names the thing it belongs to, the best first.
const ENDS: [&str; 5] = ["name", "identifier", "id", "arn", "uid"];

/// A member that is newer than this program: what in it looks most like a name of its own.
fn unheard_of(kind: &str, details: &Value) -> Option<Resource> {
    let Value::Object(members) = details else { return None };
    let texts: Vec<(String, &str)> = members
        .iter()
        .filter_map(|(name, value)| Some((name.to_ascii_lowercase(), value.as_str().filter(|text| !text.is_empty())?)))
        .collect();
    // Its own `name`, or the `fooName` of a `foo`, before the names of what it belongs to: a `vpcId`, a `roleArn`.
    let own = plain(kind);
    let is_own = |member: &str, end: &str| member.strip_suffix(end).is_some_and(|start| own.ends_with(start));
    let find = |is: &dyn Fn(&str, &str) -> bool| {
        ENDS.iter().find_map(|end| texts.iter().find(|(member, _)| is(member, end))).map(|(_, name)| *name)
    };
    let name = find(&is_own).or_else(|| find(&|member, end| member.ends_with(end)))?;
    let arn = texts.iter().find(|(member, _)| is_own(member, "arn")).map(|(_, arn)| Untrusted::new(arn));
    Some(Resource { kind: kind.into(), name: Untrusted::new(name), id: arn })
}

/// `affectedResources` of a call: its members are types of CloudFormation, its values names or ARNs.
fn affected(value: &Value) -> Vec<Resource> {
    let Some(Value::Object(affected)) = at(value, "service.action.awsApiCallAction.affectedResources") else { return Vec::new() };
    let named = |(kind, name): (&String, &Value)| {
        let name = name.as_str().filter(|name| !name.is_empty())?;
        Some(Resource { kind: kind.into(), name: name.into(), id: None })
    };
    affected.iter().filter_map(named).collect()
}

/// A resource of an attack sequence.
fn of_sequence(resource: &Value) -> Option<Resource> {
    let uid = untrusted(resource, "uid");
    let kind = untrusted(resource, "resourceType").unwrap_or_else(|| "".into());
    let user = untrusted(resource, "data.accessKey.userName");
    let instance = uid.as_ref().and_then(instance_in).filter(|_| plain(kind.raw()) == "ec2instance");
    let name = user.or(instance).or_else(|| untrusted(resource, "name")).or_else(|| uid.clone())?;
    Some(Resource { kind, name, id: uid })
}

/// `i-…` or `mi-…`, by itself or at the end of an ARN.
fn instance_in(text: &Untrusted) -> Option<Untrusted> {
    let last = text.raw().rsplit('/').next().unwrap_or_default();
    (last.starts_with("i-") || last.starts_with("mi-")).then(|| Untrusted::new(last))
}

/// Which of these the type is about.
fn subject_of(kind: &Untrusted, all: &[Resource]) -> Option<usize> {
    let kind = plain(kind.raw());
    let member = MEMBER_OF.iter().find(|(word, _)| *word == kind).map_or(kind.clone(), |(_, member)| plain(member));
    let is = |test: &dyn Fn(&str) -> bool| all.iter().position(|resource| test(&plain(resource.kind.raw())));
    if member.is_empty() {
        return None;
    }
    is(&|found| found == member)
        // A word of more or fewer letters: `EC2RecoveryPoint` and `recoveryPoint`, `AWS::S3::Bucket` and `S3Bucket`.
        .or_else(|| is(&|found| found.strip_prefix("aws") == Some(member.as_str())))
        .or_else(|| is(&|found| !found.is_empty() && (member.ends_with(found) || found.ends_with(&member))))
        .or_else(|| if member == "s3object" { is(&|found| found == "s3bucket") } else { None })
}

/// Whether a type has a member of its own: without it, nothing else is the subject.
fn has_member(kind: &Untrusted) -> bool {
    let kind = plain(kind.raw());
    ["s3object", "ebsvolume"].contains(&kind.as_str())
        || MEMBER_OF.iter().any(|(word, _)| *word == kind)
        || SHAPES.iter().any(|(member, ..)| plain(member) == kind)
}

/// A sequence is about what its type says: `AttackSequence:S3/CompromisedData` about the bucket.
fn subject_of_sequence(value: &Value, correlated: &[Resource]) -> Option<Resource> {
    let kind = text(value, "type").unwrap_or_default();
    let area = kind.split([':', '/']).nth(1).unwrap_or_default().to_ascii_lowercase();
    let wanted = match area.as_str() {
        "iam" => "accesskey".to_owned(),
        "s3" => "s3bucket".to_owned(),
        "ec2" => "ec2instance".to_owned(),
        "eks" | "ecs" => format!("{area}cluster"),
        other => other.to_owned(),
    };
    let is_wanted = |resource: &&Resource| !wanted.is_empty() && plain(resource.kind.raw()).contains(&wanted);
    correlated.iter().find(is_wanted).or_else(|| correlated.first()).cloned()
}

/// A type that this program does not know, without details that look like it: the details that nothing else explains, else the first.
fn fallback(all: &[Resource]) -> Option<Resource> {
    let is_known = |resource: &&Resource| has_member(&resource.kind);
    all.iter().find(|resource| !is_known(resource)).or_else(|| all.first()).cloned()
}

/// The same type in two of AWS's spellings: `Instance`, `EC2_INSTANCE`, `AWS::EC2::Instance`.
fn is_same(one: &Untrusted, other: &Untrusted) -> bool {
    let (one, other) = (plain(one.raw()), plain(other.raw()));
    one.ends_with(&other) || other.ends_with(&one)
}

/// Letters and digits alone, small.
fn plain(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The EC2 instances and managed nodes among the resources.
pub(super) fn instances(resources: &[Resource]) -> Vec<Untrusted> {
    let is_machine = |resource: &&Resource| plain(resource.kind.raw()).ends_with("instance");
    super::once_each(
        resources
            .iter()
            .filter(is_machine)
            .filter_map(|resource| instance_in(&resource.name).or_else(|| resource.id.as_ref().and_then(instance_in)))
            .collect(),
    )
}
