"""One validated Settings, made once: policy-tracker.toml, POLICY_TRACKER_* variables, flags; each knows its origin."""

from tracker.settings.load import HOME_VARIABLE, PREFIX, current_folder, find_home, load_settings
from tracker.settings.secret import admin_token, alarm_secrets, dkim_key, mail_password, webhook_secret
from tracker.settings.values import (
    DECLARED,
    FILE_NAME,
    SECTIONS,
    AlarmSettings,
    AttentionSettings,
    AwsSettings,
    ChannelSettings,
    LogSettings,
    MailSettings,
    Origin,
    Row,
    ScheduleSettings,
    Settings,
    WebSettings,
)

__all__ = [
    "DECLARED",
    "FILE_NAME",
    "HOME_VARIABLE",
    "PREFIX",
    "SECTIONS",
    "AlarmSettings",
    "AttentionSettings",
    "AwsSettings",
    "ChannelSettings",
    "LogSettings",
    "MailSettings",
    "Origin",
    "Row",
    "ScheduleSettings",
    "Settings",
    "WebSettings",
    "admin_token",
    "alarm_secrets",
    "current_folder",
    "dkim_key",
    "find_home",
    "load_settings",
    "mail_password",
    "webhook_secret",
]
