"""KMS through boto3: data keys that open in their own context only."""

from emulated import refusal

CONTEXT = {"aws:ssm:SessionId": "marta-1", "aws:ssm:TargetId": "i-0123456789abcdef0"}


def walk(aws, _scenario):
    problems = []
    kms = aws.client("kms")
    described = kms.describe_key(KeyId="alias/sessions")["KeyMetadata"]
    if not described["Enabled"] or not described["Arn"].endswith(f":key/{described['KeyId']}"):
        problems.append(f"DescribeKey: {described}")
    for key in (described["KeyId"], described["Arn"], "alias/sessions"):
        made = kms.generate_data_key(KeyId=key, NumberOfBytes=64, EncryptionContext=CONTEXT)
        if made["KeyId"] != described["Arn"] or len(made["Plaintext"]) != 64:
            problems.append(f"GenerateDataKey {key}: {len(made['Plaintext'])} bytes under {made['KeyId']}")
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=CONTEXT)
    if opened["Plaintext"] != made["Plaintext"] or opened["KeyId"] != described["Arn"]:
        problems.append("Decrypt: not the data key of GenerateDataKey")
    if len(kms.generate_data_key(KeyId="alias/sessions", KeySpec="AES_128")["Plaintext"]) != 16:
        problems.append("GenerateDataKey AES_128: not 16 bytes")
    blob = made["CiphertextBlob"]
    for wanted, operation, parameters in [
        ("InvalidCiphertextException", kms.decrypt, {"CiphertextBlob": blob}),
        ("InvalidCiphertextException", kms.decrypt, {"CiphertextBlob": blob[:-1], "EncryptionContext": CONTEXT}),
        ("NotFoundException", kms.describe_key, {"KeyId": "alias/none"}),
        ("ValidationException", kms.generate_data_key, {"KeyId": described["Arn"]}),
    ]:
        code = refusal(operation, **parameters)
        if code != wanted:
            problems.append(f"{operation.__name__}: {code}, not {wanted}")
    return problems
