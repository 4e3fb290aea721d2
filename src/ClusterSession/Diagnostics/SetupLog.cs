using Microsoft.Extensions.Logging;

namespace ClusterSession.Diagnostics;

/// <summary>Every message about how an application is set up, each once at start.</summary>
internal static partial class SetupLog
{
    [LoggerMessage(
        EventIds.StoreNotNamed,
        LogLevel.Warning,
        "No session store is named, in the environment {Environment}: sessions live in the memory of this process, "
            + "end with it, and are unknown to other nodes. "
            + "Name one, such as AddClusterSession().UseRedis(), or UseInMemory() if this is meant."
    )]
    public static partial void StoreNotNamed(this ILogger logger, string environment);

    [LoggerMessage(
        EventIds.AddSessionLeftIn,
        LogLevel.Warning,
        "AddSession is called beside AddClusterSession. Its options are not used, and UseSession after "
            + "UseClusterSession would put its own session in the place of this one. "
            + "Remove AddSession and UseSession; IdleTimeout and Cookie are set as ClusterSession:IdleTimeout and "
            + "ClusterSession:Cookie, IOTimeout as ClusterSession:Outage:HardTimeout."
    )]
    public static partial void AddSessionLeftIn(this ILogger logger);

    [LoggerMessage(
        EventIds.SessionOptionsLeftIn,
        LogLevel.Warning,
        "The application configures SessionOptions, which only AddSession reads. They are not used. Set "
            + "ClusterSession:IdleTimeout for IdleTimeout, ClusterSession:Cookie for "
            + "Cookie and ClusterSession:Outage:HardTimeout for IOTimeout, or the same properties of "
            + "ClusterSessionOptions by code, and remove Configure<SessionOptions>."
    )]
    public static partial void SessionOptionsLeftIn(this ILogger logger);

    [LoggerMessage(
        EventIds.SessionStoreIgnored,
        LogLevel.Warning,
        "The application registers an ISessionStore of its own ({Store}), which only UseSession asks. It is not "
            + "used. Remove it; a store of one's own for ClusterSession implements "
            + "IClusterSessionStore and is named by UseStore."
    )]
    public static partial void SessionStoreIgnored(this ILogger logger, string store);

    [LoggerMessage(
        EventIds.PipelineMissing,
        LogLevel.Warning,
        "AddClusterSession is called and UseClusterSession is not, so that HttpContext.Session throws. Call "
            + "app.UseClusterSession() before the endpoints, after UseRouting and UseAuthentication where those are "
            + "called. In an application that only manages sessions, give its endpoints "
            + "WithSessionAccess(SessionConcurrency.None)."
    )]
    public static partial void PipelineMissing(this ILogger logger);

    [LoggerMessage(
        EventIds.PipelineBeforeRouting,
        LogLevel.Warning,
        "UseClusterSession is called before UseRouting, so that the endpoint is not known yet when the session is "
            + "opened: what {Count} endpoints say of their session access is ignored. "
            + "Call UseClusterSession after UseRouting."
    )]
    public static partial void PipelineBeforeRouting(this ILogger logger, int count);

    [LoggerMessage(
        EventIds.ApplicationNamed,
        LogLevel.Information,
        "Sessions belong to the application '{Application}', and their keys in the store begin with '{Prefix}'. "
            + "Processes that are to share sessions, or to end them, need the same ClusterSession:ApplicationName."
    )]
    public static partial void ApplicationNamed(this ILogger logger, string application, string prefix);

    [LoggerMessage(
        EventIds.CookieNotSecure,
        LogLevel.Warning,
        "A session cookie was sent without Secure, because its request did not come over HTTPS: anyone who can read "
            + "the network can take over the session. Behind a proxy that ends TLS, let it send X-Forwarded-Proto and "
            + "call UseForwardedHeaders, and set ClusterSession:Cookie:SecurePolicy to Always. Further cookies are not "
            + "logged."
    )]
    public static partial void CookieNotSecure(this ILogger logger);

    [LoggerMessage(
        EventIds.CookieDoubtful,
        LogLevel.Warning,
        "The session cookie is set up in a way that browsers may not keep it. {Reason}"
    )]
    public static partial void CookieDoubtful(this ILogger logger, string reason);
}
