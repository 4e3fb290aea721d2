using ClusterSession.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Http.Cookies;

/// <summary>
/// Warns once that a session cookie leaves without Secure, outside of Development. Mostly a proxy
/// ends TLS and does not say so. Thread-safe.
/// </summary>
/// <param name="logger">Where to.</param>
/// <param name="environment">The host's; without one nothing is known of where this runs, and
/// nothing is said.</param>
internal sealed class InsecureCookies(ILogger<InsecureCookies> logger, IHostEnvironment? environment = null)
{
    private int _hasWarned = environment?.IsDevelopment() == false ? 0 : 1;

    public void Warn()
    {
        if (Volatile.Read(ref _hasWarned) == 0 && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            logger.CookieNotSecure();
        }
    }
}
