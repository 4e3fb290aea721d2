namespace ClusterSession.Cli.Generating;

/// <summary>
/// A whole nginx that has nothing else to do; another one includes the file of the application.
/// </summary>
internal static class NginxMain
{
    public static GeneratedFile Of(SiteDescription site)
    {
        var data = $"{site.DataDirectory}/nginx";
        return new GeneratedFile(
            "nginx/nginx.conf",
            GeneratedText.Clean(
                $$"""
                # nginx 1.22 or later with nothing but the application. In an nginx that is there already, include
                # application.conf in its context http instead of using this file.
                {{(
                    site.IsLoopback
                        ? "# Heeded where root starts it, whose directories others may not enter.\nuser root;"
                        : "user www-data;"
                )}}
                worker_processes auto;
                pid {{data}}/nginx.pid;
                error_log {{data}}/error.log warn;
                # After a reload, as for a node that drains, the former workers end their requests; a WebSocket would
                # keep them for ever.
                worker_shutdown_timeout 60s;

                events {
                    worker_connections 4096;
                }

                http {
                    access_log off;
                    # Below one directory, so that nothing of the system's own nginx is touched.
                    client_body_temp_path {{data}}/body;
                    proxy_temp_path {{data}}/proxy;
                    fastcgi_temp_path {{data}}/fastcgi;
                    uwsgi_temp_path {{data}}/uwsgi;
                    scgi_temp_path {{data}}/scgi;

                    # Or application-without-affinity.conf, or neither and HAProxy in place of nginx.
                    include {{site.ConfigDirectory}}/nginx/application.conf;
                }
                """
            )
        );
    }
}
