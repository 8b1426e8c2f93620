"""Addresses of the internal interface. The proxy routes none of them."""

from django.urls import path

from appliance.internal import views

app_name = "internal"
urlpatterns = [
    path("health", views.health, name="health"),
    path("metrics", views.metrics, name="metrics"),
    path("checkpoints", views.checkpoints, name="checkpoints"),
]
