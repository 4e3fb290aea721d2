using Microsoft.AspNetCore.StaticFiles;

namespace Shop.Page;

/// <summary>The headers of every answer of the shop.</summary>
internal static class PageHeaders
{
    /// <summary>The page needs nothing from anywhere else, and may say so.</summary>
    private const string Policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    public static void UsePageHeaders(this IApplicationBuilder app) =>
        app.Use(
            (context, next) =>
            {
                var headers = context.Response.Headers;
                headers.ContentSecurityPolicy = Policy;
                headers.XContentTypeOptions = "nosniff";
                headers["Referrer-Policy"] = "no-referrer";
                return next(context);
            }
        );

    /// <summary>
    /// The page's files change with the program and have no version in their names: a browser keeps
    /// them, but asks first.
    /// </summary>
    public static void AskAgain(StaticFileResponseContext file) =>
        file.Context.Response.Headers.CacheControl = "no-cache";
}
