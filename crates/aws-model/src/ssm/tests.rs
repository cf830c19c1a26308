use super::parameter::VERSIONS_KEPT;
use super::*;
use serde_json::json;

fn store() -> Ssm {
    Ssm::new("us-east-1", "123456789012")
}

impl Ssm {
    fn answers(&mut self, operation: &str, params: Value) -> Value {
        self.call(Timestamp::UNIX_EPOCH, operation, &params).unwrap()
    }

    /// Asserts that a call gets this error.
    #[track_caller]
    fn refuses(&mut self, operation: &str, params: Value, code: &str) {
        let error = self.call(Timestamp::UNIX_EPOCH, operation, &params);
        let error = error.unwrap_err();
        assert_eq!(
            (error.status, error.code.as_str()),
            (400, code),
            "{operation} {params}"
        );
    }

    fn write(&mut self, name: &str, value: &str) {
        let params = json!({"Name": name, "Value": value, "Type": "String", "Overwrite": true});
        self.answers("PutParameter", params);
    }
}

/// The code of the error for wrong input.
const INVALID: &str = "ValidationException";

#[test]
fn a_write_is_read_back_with_its_version() {
    let mut ssm = store();
    let second = Timestamp::from_millisecond(1_500).unwrap();
    ssm.write("/p/a", "one");
    let params = json!({"Name": "/p/a", "Value": "two", "Overwrite": true});
    let written = ssm.call(second, "PutParameter", &params).unwrap();
    assert_eq!(written, json!({"Version": 2, "Tier": "Standard"}));
    let read = ssm.answers("GetParameter", json!({"Name": "/p/a"}));
    let expected = json!({"Parameter": {"Name": "/p/a", "Type": "String", "Value": "two", "Version": 2,
        "LastModifiedDate": 1.5, "ARN": "arn:aws:ssm:us-east-1:123456789012:parameter/p/a", "DataType": "text"}});
    assert_eq!(read, expected);
    let first = ssm.answers("GetParameter", json!({"Name": "/p/a:1"}));
    assert_eq!(first["Parameter"]["Value"], "one");
    assert_eq!(ssm.value("/p/a"), Some("two"));
}

#[test]
fn changes_are_reported_once_in_order() {
    let mut ssm = store();
    ssm.write("/a", "1");
    ssm.answers("DeleteParameter", json!({"Name": "/a"}));
    let change = |value: Option<&str>| ParameterChange {
        name: "/a".to_owned(),
        version: 1,
        value: value.map(str::to_owned),
    };
    assert_eq!(ssm.take_changes(), [change(Some("1")), change(None)]);
    assert_eq!(ssm.take_changes(), []);
}

#[test]
fn what_is_not_there_is_an_error_for_one_and_none_for_many() {
    let mut ssm = store();
    ssm.write("/a", "1");
    let params = json!({"Name": "/x"});
    let missing = ssm.call(Timestamp::UNIX_EPOCH, "GetParameter", &params);
    assert_eq!(missing, Err(ApiError::new("ParameterNotFound", "", 400)));
    ssm.refuses("DeleteParameter", json!({"Name": "/x"}), "ParameterNotFound");
    let seventh = json!({"Name": "/a:7"});
    ssm.refuses("GetParameter", seventh, "ParameterVersionNotFound");
    let many = ssm.answers("GetParameters", json!({"Names": ["/x", "/a"]}));
    assert_eq!(many["Parameters"][0]["Name"], "/a");
    assert_eq!(many["InvalidParameters"], json!(["/x"]));
    let gone = ssm.answers("DeleteParameters", json!({"Names": ["/x", "/a"]}));
    let expected = json!({"DeletedParameters": ["/a"], "InvalidParameters": ["/x"]});
    assert_eq!(gone, expected);
    assert_eq!(ssm.value("/a"), None);
}

#[test]
fn lists_of_names_are_bounded() {
    let mut ssm = store();
    let names: Vec<_> = (0..11).map(|number| format!("/n{number}")).collect();
    for operation in ["GetParameters", "DeleteParameters"] {
        ssm.refuses(operation, json!({"Names": names}), INVALID);
        ssm.refuses(operation, json!({"Names": []}), INVALID);
    }
}

#[test]
fn an_existing_parameter_is_overwritten_only_by_wish() {
    let mut ssm = store();
    let params = json!({"Name": "/a", "Value": "1", "Type": "String"});
    ssm.answers("PutParameter", params.clone());
    ssm.refuses("PutParameter", params, "ParameterAlreadyExists");
    let other = json!({"Name": "/a", "Value": "1", "Type": "StringList", "Overwrite": true});
    ssm.refuses("PutParameter", other, "HierarchyTypeMismatchException");
    assert_eq!(ssm.take_changes().len(), 1);
}

#[test]
fn wrong_input_is_refused() {
    let mut ssm = store();
    let cases = [
        json!({"Value": "1", "Type": "String"}),
        json!({"Name": "/a", "Type": "String"}),
        json!({"Name": "/a", "Value": "1"}),
        json!({"Name": "/a", "Value": "1", "Type": "Text"}),
        json!({"Name": "/a", "Value": "{{x}}", "Type": "String"}),
        json!({"Name": "/a", "Value": "1", "Type": "String", "Tier": "Cheap"}),
        json!({"Name": "/a", "Value": "1", "Type": "String", "Policies": "[]"}),
        json!({"Name": "/a", "Value": "1", "Type": "String", "Overwrite": true, "Tags": [{"Key": "k"}]}),
    ];
    for params in cases {
        ssm.refuses("PutParameter", params.clone(), INVALID);
    }
    ssm.refuses("LabelParameterVersion", json!({}), "UnknownOperationException");
    assert!(ssm.take_changes().is_empty());
}

#[test]
fn the_tier_bounds_the_value() {
    let mut ssm = store();
    let sized = |size: usize, tier: &str| json!({"Name": "/a", "Value": "x".repeat(size), "Type": "String", "Overwrite": true, "Tier": tier});
    ssm.answers("PutParameter", sized(4096, "Standard"));
    ssm.refuses("PutParameter", sized(4097, "Standard"), INVALID);
    let grown = ssm.answers("PutParameter", sized(4097, "Intelligent-Tiering"));
    assert_eq!(grown["Tier"], "Advanced");
    ssm.refuses("PutParameter", sized(8193, "Advanced"), INVALID);
    ssm.refuses("PutParameter", sized(1, "Standard"), INVALID);
}

#[test]
fn old_versions_are_dropped() {
    let mut ssm = store();
    for number in 0..=VERSIONS_KEPT {
        ssm.write("/a", &number.to_string());
    }
    let first = json!({"Name": "/a:1"});
    ssm.refuses("GetParameter", first, "ParameterVersionNotFound");
    let second = ssm.answers("GetParameter", json!({"Name": "/a:2"}));
    assert_eq!(second["Parameter"]["Value"], "1");
}

#[test]
fn a_path_is_read_in_pages() {
    let mut ssm = store();
    for number in 10..35 {
        ssm.write(&format!("/p/{number}"), "v");
    }
    ssm.write("/p/10/deep", "v");
    ssm.write("/q/1", "v");
    let (mut names, mut sizes) = (Vec::new(), Vec::new());
    let mut params = json!({"Path": "/p"});
    loop {
        let page = ssm.answers("GetParametersByPath", params.clone());
        let parameters = page["Parameters"].as_array().unwrap();
        sizes.push(parameters.len());
        let name = |parameter: &Value| parameter["Name"].as_str().unwrap().to_owned();
        names.extend(parameters.iter().map(name));
        let Some(token) = page.get("NextToken") else {
            break;
        };
        params["NextToken"] = token.clone();
    }
    assert_eq!(sizes, [10, 10, 5]);
    let expected: Vec<_> = (10..35).map(|number| format!("/p/{number}")).collect();
    assert_eq!(names, expected);
}

#[test]
fn a_path_query_is_checked() {
    let mut ssm = store();
    ssm.write("/p/a/b", "v");
    let all = ssm.answers("GetParametersByPath", json!({"Path": "/p/", "Recursive": true}));
    assert_eq!(all["Parameters"].as_array().unwrap().len(), 1);
    let page = "GetParametersByPath";
    ssm.refuses(page, json!({"Path": "p"}), INVALID);
    ssm.refuses(page, json!({"Path": "/p", "MaxResults": 11}), INVALID);
    ssm.refuses(page, json!({"Path": "/p", "NextToken": "x"}), "InvalidNextToken");
}

#[test]
fn a_stale_read_sees_the_version_before() {
    let mut ssm = store();
    let stale = |ssm: &mut Ssm| ssm.call_stale(Timestamp::UNIX_EPOCH, "GetParameter", &json!({"Name": "/a"}));
    ssm.write("/a", "1");
    assert_eq!(stale(&mut ssm).unwrap_err().code, "ParameterNotFound");
    ssm.write("/a", "2");
    assert_eq!(stale(&mut ssm).unwrap()["Parameter"]["Value"], "1");
    let path = json!({"Path": "/"});
    let all = ssm.call_stale(Timestamp::UNIX_EPOCH, "GetParametersByPath", &path);
    assert_eq!(all.unwrap()["Parameters"][0]["Version"], 1);
}
