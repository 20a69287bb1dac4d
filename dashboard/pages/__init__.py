"""All pages of the public site, in the order of its menus."""

from dashboard.pages import (
    accessibility,
    backlog,
    comparison,
    data,
    data_status,
    digital,
    home,
    imprint,
    method,
    method_kpi,
    office,
    privacy,
    quarter,
    revisions,
    service,
    service_centre,
)
from dashboard.view import Page

PAGES: tuple[Page, ...] = (
    home.PAGE,
    office.PAGE,
    service.PAGE,
    backlog.PAGE,
    service_centre.PAGE,
    comparison.PAGE,
    digital.PAGE,
    quarter.PAGE,
    method.PAGE,
    method_kpi.PAGE,
    data_status.PAGE,
    data.PAGE,
    revisions.PAGE,
    imprint.PAGE,
    privacy.PAGE,
    accessibility.PAGE,
)
