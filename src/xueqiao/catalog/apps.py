from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "xueqiao.catalog"
    label = "catalog"
