import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

/** The benchmark's application on Tomcat. */
public final class BenchmarkServlet extends HttpServlet {
    private static final byte[] BODY = {'o', 'k'};
    private final AtomicLong written = new AtomicLong();

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        int status = 200;
        switch (request.getRequestURI()) {
            case "/untouched" -> { }
            case "/read" -> {
                HttpSession session = request.getSession(false);
                status = session != null && session.getAttribute("a1") != null ? 200 : 409;
            }
            case "/write" -> request.getSession().setAttribute("a0", written.incrementAndGet());
            case "/counter" -> {
                HttpSession session = request.getSession(false);
                Long count = session == null ? null : (Long) session.getAttribute("a0");
                if (count == null) {
                    status = 409;
                } else {
                    session.setAttribute("a0", count + 1);
                }
            }
            case "/seed/small" -> seed(request.getSession(), 10, 500);
            case "/seed/standard" -> seed(request.getSession(), 10, 2048);
            case "/seed/large" -> seed(request.getSession(), 2, 8 + 100 * 1024);
            default -> status = 404;
        }
        response.setStatus(status);
        response.setContentLength(BODY.length);
        response.getOutputStream().write(BODY);
    }

    private static void seed(HttpSession session, int attributes, int bytes) {
        session.setAttribute("a0", 1L);
        for (int i = 1; i < attributes; i++) {
            byte[] value = new byte[(bytes - 8) / (attributes - 1)];
            ThreadLocalRandom.current().nextBytes(value);
            session.setAttribute("a" + i, value);
        }
    }
}
