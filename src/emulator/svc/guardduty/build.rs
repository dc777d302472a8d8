//! Puts findings together in the API's form, for scenarios and samples.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::detector::iso;

/// Where a finding belongs.
#[derive(Debug, Clone)]
pub struct Place {
    /// Twelve digits; a member account's for its findings.
    pub account: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// The detector's id.
    pub detector: String,
}

/// A finding in the making.
#[derive(Debug, Clone)]
pub struct Draft {
    place: Place,
    members: Map<String, Value>,
    service: Map<String, Value>,
}

impl Draft {
    /// A finding of a type, with a severity, a title and a description.
    pub fn new(place: &Place, kind: &str, severity: f64, title: &str, description: &str) -> Self {
        let mut members = Map::new();
        members.insert("type".into(), kind.into());
        members.insert("severity".into(), severity.into());
        members.insert("title".into(), title.into());
        members.insert("description".into(), description.into());
        let mut service = Map::new();
        service.insert("serviceName".into(), "guardduty".into());
        service.insert("detectorId".into(), place.detector.clone().into());
        service.insert("archived".into(), false.into());
        service.insert("count".into(), 1.into());
        service.insert("resourceRole".into(), "TARGET".into());
        service.insert("featureName".into(), "CloudTrail".into());
        service.insert("additionalInfo".into(), json!({"type": "default", "value": "{}"}));
        Self { place: place.clone(), members, service }
    }

    /// What it is about.
    #[must_use]
    pub fn resource(mut self, resource: Value) -> Self {
        self.members.insert("resource".into(), resource);
        self
    }

    /// What was done.
    #[must_use]
    pub fn action(self, action: Value) -> Self {
        self.service("action", action)
    }

    /// A member of `service`.
    #[must_use]
    pub fn service(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.service.insert(name.into(), value.into());
        self
    }

    /// A member of the finding itself.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.into(), value.into());
        self
    }

    /// `service.additionalInfo`, which the API sends as JSON in a string.
    #[must_use]
    pub fn additional(self, info: &Value) -> Self {
        self.service("additionalInfo", json!({"type": "default", "value": info.to_string()}))
    }

    /// When it was seen first and last, and how often.
    #[must_use]
    pub fn seen(mut self, first: Timestamp, last: Timestamp, count: u32) -> Self {
        // GuardDuty publishes some minutes after what it saw.
        let delay = jiff::SignedDuration::from_mins(4);
        let after = |at: Timestamp| iso(at.checked_add(delay).unwrap_or(at));
        self.members.insert("createdAt".into(), after(first).into());
        self.members.insert("updatedAt".into(), after(last).into());
        self.service("eventFirstSeen", iso(first)).service("eventLastSeen", iso(last)).service("count", count)
    }

    /// The finding. Its id comes from what it says, so the same story has the same ids.
    pub fn finish(self) -> Value {
        let id = hex(&format!("{}{}{}", self.place.account, self.place.region, Value::Object(self.members.clone())));
        self.finish_as(&id)
    }

    /// The finding, with an id.
    pub fn finish_as(mut self, id: &str) -> Value {
        let Place { account, region, detector } = self.place;
        let partition = "aws";
        self.members
            .insert("arn".into(), format!("arn:aws:guardduty:{region}:{account}:detector/{detector}/finding/{id}").into());
        self.members.insert("id".into(), id.into());
        self.members.insert("accountId".into(), account.into());
        self.members.insert("region".into(), region.into());
        self.members.insert("partition".into(), partition.into());
        self.members.insert("schemaVersion".into(), "2.0".into());
        self.members.insert("service".into(), Value::Object(self.service));
        Value::Object(self.members)
    }
}

/// 32 hexadecimal digits made of a text.
pub fn hex(text: &str) -> String {
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Where a remote address is: address, country, city, ASN and its owner, latitude and longitude.
#[derive(Debug, Clone, Copy)]
pub struct Remote {
    /// IPv4, of a documentation range.
    pub address: &'static str,
    /// Two letters and name.
    pub country: (&'static str, &'static str),
    /// City.
    pub city: &'static str,
    /// Number and owner of the autonomous system.
    pub network: (&'static str, &'static str),
    /// Latitude and longitude.
    pub at: (f64, f64),
}

impl Remote {
    /// `remoteIpDetails`.
    pub fn details(&self) -> Value {
        let (asn, owner) = self.network;
        json!({
            "ipAddressV4": self.address,
            "country": {"countryCode": self.country.0, "countryName": self.country.1},
            "city": {"cityName": self.city},
            "geoLocation": {"lat": self.at.0, "lon": self.at.1},
            "organization": {"asn": asn, "asnOrg": owner, "isp": owner, "org": owner},
        })
    }
}

/// `resource` of a finding about a principal.
pub fn access_key(key: &str, principal: &str, user: &str, user_type: &str) -> Value {
    json!({
        "resourceType": "AccessKey",
        "accessKeyDetails": {"accessKeyId": key, "principalId": principal, "userName": user, "userType": user_type},
    })
}

/// `instanceDetails`.
pub fn instance(id: &str, name: &str, address: &str, public: &str, region: &str) -> Value {
    json!({
        "resourceType": "Instance",
        "instanceDetails": {
            "instanceId": id,
            "instanceType": "t3.medium",
            "instanceState": "running",
            "imageId": "ami-0abcdef1234567890",
            "imageDescription": "Amazon Linux 2023 AMI 2023.6 x86_64 HVM",
            "availabilityZone": format!("{region}a"),
            "launchTime": "2026-02-03T08:14:09.000Z",
            "iamInstanceProfile": {"arn": "arn:aws:iam::123456789012:instance-profile/bastion", "id": "AIPAEXAMPLEBASTION001"},
            "networkInterfaces": [{
                "networkInterfaceId": "eni-0a1b2c3d4e5f60718",
                "privateIpAddress": address,
                "privateDnsName": format!("ip-{}.ec2.internal", address.replace('.', "-")),
                "privateIpAddresses": [{"privateIpAddress": address}],
                "publicIp": public,
                "publicDnsName": format!("ec2-{}.compute-1.amazonaws.com", public.replace('.', "-")),
                "ipv6Addresses": [],
                "subnetId": "subnet-0123456789abcdef0",
                "vpcId": "vpc-0fedcba9876543210",
                "securityGroups": [{"groupId": "sg-0a1b2c3d4e5f60718", "groupName": "bastion"}],
            }],
            "productCodes": [],
            "tags": [{"key": "Name", "value": name}, {"key": "env", "value": "prod"}],
        },
    })
}

/// `resource` of a finding about a bucket.
pub fn bucket(name: &str, principal: &Value) -> Value {
    json!({
        "resourceType": "S3Bucket",
        "accessKeyDetails": principal.get("accessKeyDetails"),
        "s3BucketDetails": [{
            "arn": format!("arn:aws:s3:::{name}"),
            "name": name,
            "type": "Destination",
            "createdAt": 1_612_345_678,
            "owner": {"id": "example-canonical-user-id"},
            "tags": [{"key": "data", "value": "customer"}],
            "defaultServerSideEncryption": {"encryptionType": "SSEAlgorithm"},
            "publicAccess": {
                "effectivePermission": "NOT_PUBLIC",
                "permissionConfiguration": {"bucketLevelPermissions": {"bucketPolicy": {
                    "allowsPublicReadAccess": false, "allowsPublicWriteAccess": false,
                }}},
            },
        }],
    })
}

/// `service.action` of an API call.
pub fn api_call(api: &str, service: &str, remote: &Remote, error: Option<&str>, agent: &str) -> Value {
    let mut call = json!({
        "api": api,
        "serviceName": service,
        "callerType": "Remote IP",
        "userAgent": agent,
        "remoteIpDetails": remote.details(),
        "affectedResources": {},
    });
    if let (Some(error), Some(call)) = (error, call.as_object_mut()) {
        call.insert("errorCode".into(), error.into());
    }
    json!({"actionType": "AWS_API_CALL", "awsApiCallAction": call})
}

/// `service.action` of a connection: direction, own port, remote port, each with its name.
pub fn connection(direction: &str, local: (u16, &str), far: (u16, &str), own: &str, remote: &Remote) -> Value {
    json!({"actionType": "NETWORK_CONNECTION", "networkConnectionAction": {
        "connectionDirection": direction,
        "protocol": "TCP",
        "blocked": false,
        "localPortDetails": {"port": local.0, "portName": local.1},
        "remotePortDetails": {"port": far.0, "portName": far.1},
        "localIpDetails": {"ipAddressV4": own},
        "localNetworkInterface": "eni-0a1b2c3d4e5f60718",
        "remoteIpDetails": remote.details(),
    }})
}

/// `service.action` of a probed port.
pub fn port_probe(ports: &[(u16, &str)], own: &str, remote: &Remote) -> Value {
    let details: Vec<Value> = ports
        .iter()
        .map(|(port, name)| {
            json!({
                "localPortDetails": {"port": port, "portName": name},
                "localIpDetails": {"ipAddressV4": own},
                "remoteIpDetails": remote.details(),
            })
        })
        .collect();
    json!({"actionType": "PORT_PROBE", "portProbeAction": {"blocked": false, "portProbeDetails": details}})
}

/// `service.action` of a name lookup.
pub fn dns_request(domain: &str, suffix: &str) -> Value {
    json!({"actionType": "DNS_REQUEST", "dnsRequestAction": {
        "domain": domain, "domainWithSuffix": suffix, "protocol": "UDP", "blocked": false,
    }})
}
