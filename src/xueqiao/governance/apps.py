from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "xueqiao.governance"
    label = "governance"
