"""Deliveries as the providers published them, or as their own libraries sign them."""

import base64

Vector = tuple[str, str, dict[str, str], bytes, str, int]

BODY = b'{"id":"evt_1","type":"invoice.paid","amount":"10.00"}'
SECRET = "test-secret"
NOW = 1_700_000_000
BASE64_OF_BODY = "DLTrqgpv7vDHVduK8q66UXlFHskKGsahpSuRyXaeWvc="
HEX_OF_BODY = "0cb4ebaa0a6feef0c755db8af2aeba5179451ec90a1ac6a1a52b91c9769e5af7"
STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD_HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
ROADRUNNER = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
    b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
    b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
    b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121"
    b".803a0bc887a14d10d2c447fce8b6703c"
)

VECTORS: list[Vector] = [
    # scheme, secret, headers, body, url, time
    ("standard", STANDARD, STANDARD_HEADERS, b'{"test": 2432232314}', "", 1_614_265_330),
    (
        "svix",
        STANDARD,
        {key.replace("webhook", "svix"): value for key, value in STANDARD_HEADERS.items()},
        b'{"test": 2432232314}',
        "",
        1_614_265_330,
    ),
    (
        "gitlab",
        "whsec_" + base64.b64encode(b"k" * 32).decode(),
        {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(NOW),
            "webhook-signature": "v1,QqmpurhVZ7u0PXHtRXjn3IZVtsimpBHCnGv3CCPg7Pc=",
        },
        BODY,
        "",
        NOW,
    ),
    (
        "github",
        "It's a Secret to Everybody",
        {
            "X-Hub-Signature-256": "sha256="
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        },
        b"Hello, World!",
        "",
        NOW,
    ),
    (
        "stripe",
        "whsec_test_secret",
        {
            "Stripe-Signature": "t=1700000000,"
            "v1=98a6124bc51ca672d1c679ab9187a5bb2be65ad37b3d7ebab2a369735939d4d8"
        },
        BODY,
        "",
        NOW,
    ),
    (
        "slack",
        "8f742231b10e8888abcd99yyyzzz85a5",
        {
            "X-Slack-Request-Timestamp": "1531420618",
            "X-Slack-Signature": "v0="
            "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        },
        ROADRUNNER,
        "",
        1_531_420_618,
    ),
    (
        "slack",
        SECRET,
        {
            "X-Slack-Request-Timestamp": str(NOW),
            "X-Slack-Signature": "v0="
            "f86557d3c4ec1c574dc393baea0f9ffd3fc9982bbfdb8d4a880a776cbfecbe6b",
        },
        BODY,
        "",
        NOW,
    ),
    ("shopify", SECRET, {"X-Shopify-Hmac-Sha256": BASE64_OF_BODY}, BODY, "", NOW),
    ("xero", SECRET, {"x-xero-signature": BASE64_OF_BODY}, BODY, "", NOW),
    ("intuit", SECRET, {"intuit-signature": BASE64_OF_BODY}, BODY, "", NOW),
    ("bill", SECRET, {"x-bill-sha-signature": BASE64_OF_BODY}, BODY, "", NOW),
    ("woocommerce", SECRET, {"X-WC-Webhook-Signature": BASE64_OF_BODY}, BODY, "", NOW),
    (
        "square",
        SECRET,
        {"x-square-hmacsha256-signature": "P1I5pY9rVvhO64d6PYyMvDu6au6l6Zzhgh0nIef3XoY="},
        BODY,
        "https://app.example.com/hooks/square",
        NOW,
    ),
    (
        "hubspot",
        SECRET,
        {
            "X-HubSpot-Signature-v3": "f6QP0I4g00Fp4Exb1CpRdsjpgQ+2E7exPdqpnZmPp+M=",
            "X-HubSpot-Request-Timestamp": "1700000000000",
        },
        BODY,
        "https://app.example.com/hooks/hubspot",
        NOW,
    ),
    (
        "dropbox",
        "the_secret",
        {"X-Dropbox-Signature": "0a8c16b085420b960dc78664279fe09e936a2a01b1f91064869d9e77dfd64529"},
        b'{"delta": {"users": [12345]}}',
        "",
        NOW,
    ),
]
