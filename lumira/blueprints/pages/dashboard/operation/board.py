"""The board: how the work of a shop stands now, for those who have no Prometheus."""

from zoneinfo import ZoneInfo

from flask import Response, current_app

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.pages.dashboard.board_page import BoardPage
from lumira.services.installation.view_board import view_board


@dashboard.page("/board", may=Role.VIEWER)
def show() -> Response:
    """What waits, what is late and what failed; what all shops share, for owners only."""
    shop = visit.shop()
    board = view_board(
        shop.tenant_id, current_app.extensions["lumira"], with_installation=shop.permits(Role.OWNER)
    )
    return page("board.html.jinja", shown=BoardPage(board, ZoneInfo(shop.time_zone), language(), shop.path))
