"""Links: the real yt-dlp against a server on this machine."""

import contextlib
import functools
import http.server
import threading

import pytest

from tfbegan.errors import SourceError
from tfrecords_builder.download import fetch_links
from tfrecords_builder.plan import BuildPlan


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        if self.path.startswith("/redirect"):
            self.send_response(302)
            self.send_header("Location", "/film.mp4")
            self.end_headers()
            return
        super().do_GET()

    def do_HEAD(self):
        self.server.requests.append(self.path)
        super().do_HEAD()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(footage):
    handler = functools.partial(Handler, directory=str(footage))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.requests = []
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def address(server, path):
    return f"http://127.0.0.1:{server.server_port}{path}"


@pytest.mark.slow
def test_a_video_is_fetched_once_into_a_name_of_our_own(
    server, footage, tmp_path
):
    link = address(server, "/film.mp4")
    (path,) = fetch_links([link], tmp_path, BuildPlan(), True)
    assert path.read_bytes() == (footage / "film.mp4").read_bytes()
    assert path.parent == tmp_path
    assert len(path.stem) == 16
    assert set(path.stem) <= set("0123456789abcdef")
    fetch_links([link], tmp_path, BuildPlan(), True)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.slow
def test_a_redirect_is_followed_where_that_is_allowed(server, tmp_path):
    link = address(server, "/redirect.mp4")
    (path,) = fetch_links([link], tmp_path, BuildPlan(), True)
    assert path.stat().st_size > 0


@pytest.mark.slow
def test_a_video_over_the_cap_of_size_is_refused(server, tmp_path):
    plan = BuildPlan(max_source_bytes=1_000)
    with pytest.raises(SourceError, match="bytes"):
        fetch_links([address(server, "/film.mp4")], tmp_path, plan, True)


@pytest.mark.slow
def test_a_page_without_video_is_one_sentence(server, tmp_path):
    link = address(server, "/portrait-3.png.html")
    with pytest.raises(SourceError, match="gave no video"):
        fetch_links([link], tmp_path, BuildPlan(), True)


@pytest.mark.slow
def test_this_machine_is_refused_before_a_byte_is_sent(server, tmp_path):
    with contextlib.ExitStack() as stack:
        caught = stack.enter_context(pytest.raises(SourceError))
        fetch_links(
            [address(server, "/film.mp4")], tmp_path, BuildPlan(), False
        )
    assert "public" in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize(
    "link",
    ["file:///etc/hosts", "ftp://example.org/a.mp4", "data:video/mp4;base64,"],
)
def test_other_schemes_are_refused(link, tmp_path):
    with pytest.raises(SourceError, match="only http and https"):
        fetch_links([link], tmp_path, BuildPlan(), True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "host", ["localhost", "[::1]", "169.254.169.254", "10.0.0.1"]
)
def test_private_addresses_are_refused(host, tmp_path):
    with pytest.raises(SourceError):
        fetch_links([f"http://{host}:9/a.mp4"], tmp_path, BuildPlan(), False)


def test_files_pass_through(tmp_path):
    assert fetch_links(["a.mp4"], tmp_path, BuildPlan(), False) == ["a.mp4"]
