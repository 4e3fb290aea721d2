using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.Tests.Hosting;

public sealed class RedisSettingTests
{
    [Theory]
    [InlineData("ClusterSession:Redis", null, "ClusterSession:Redis is missing. Set it to a connection string")]
    [InlineData("ClusterSession:Redis", "", "ClusterSession:Redis is empty")]
    [InlineData(
        "ClusterSession:Redis",
        "localhost:6379,password=s3cret,colour=blue",
        "ClusterSession:Redis cannot be used. The Redis connection string is wrong: part 3"
    )]
    [InlineData("ClusterSession:Redis", "localhost:6379,heartbeatInterval=3000", "HeartbeatTimeout is 2000 ms")]
    public async Task Connection_string_of_the_configuration_is_reported_at_start_among_the_other_errors(
        string path,
        string? value,
        string report
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Configuration.AddInMemoryCollection([
            new(path, value),
            new("ClusterSession:IdleTimeout", "20"),
            new("ClusterSession:Cookie:Domain", "http://x"),
        ]);
        builder.Services.AddClusterSession().UseRedis();
        await using var app = builder.Build();

        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());

        Assert.Equal(3, refusal.Failures.Count());
        Assert.Contains(refusal.Failures, failure => failure.Contains(report, StringComparison.Ordinal));
        Assert.DoesNotContain("s3cret", refusal.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("h:x", "ConnectionStrings:Sessions cannot be used.")]
    [InlineData("h,pasword=s3cret", "ConnectionStrings:Sessions cannot be used.")]
    public void Connection_string_that_code_took_from_the_configuration_is_named_by_its_path(string text, string report)
    {
        var failure = Assert.Single(
            Failures([("ConnectionStrings:Sessions", text)], services => services.AddClusterSession().UseRedis(text))
        );
        Assert.StartsWith(report, failure);
        Assert.DoesNotContain("s3cret", failure, StringComparison.Ordinal);
    }

    [Fact]
    public void Connection_string_or_options_of_the_code_are_reported_with_the_others_too()
    {
        (string, string)[] wrong = [("ClusterSession:IdleTimeout", "20")];
        Assert.Equal(2, Failures(wrong, services => services.AddClusterSession().UseRedis("h:x")).Length);
        Assert.Contains(Failures(wrong, services => services.AddClusterSession().UseRedis((string)null!)), failure =>
            failure
            == "The connection string given to UseRedis is empty. Set it to a connection string such as 'localhost:6379'."
        );
        Assert.Contains(
            Failures(wrong, services => services.AddClusterSession().UseRedis(new RedisOptions())),
            failure => failure.Contains("Endpoints is empty", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Reply_shorter_than_a_session_may_be_is_reported_with_setting_and_remedy()
    {
        var narrow = RedisOptions.Parse("localhost");
        narrow.MaxReplyBytes = 16 * 1024 * 1024;
        var failure = Assert.Single(Failures([], services => services.AddClusterSession().UseRedis(narrow)));
        Assert.Contains("MaxReplyBytes is 16777216", failure, StringComparison.Ordinal);
        Assert.Contains("ClusterSession:MaxSessionBytes 16777216", failure, StringComparison.Ordinal);
        Assert.Contains("Set MaxReplyBytes to 22369621 or more", failure, StringComparison.Ordinal);
    }

    [Fact]
    public void Store_that_is_asked_for_first_names_everything_that_is_wrong()
    {
        using var provider = Settings.Provider([("ClusterSession:IdleTimeout", "20")], services =>
            services.AddClusterSession().UseRedis()
        );
        Assert.Equal(
            2,
            Assert
                .Throws<OptionsValidationException>(() => provider.GetRequiredService<IClusterSessionStore>())
                .Failures.Count()
        );
    }

    [Fact]
    public void Redis_that_another_store_has_replaced_is_not_checked()
    {
        using var provider = Settings.Provider([], services => services.AddClusterSession().UseRedis().UseInMemory());
        Assert.IsType<InMemorySessionStore>(provider.GetRequiredService<IClusterSessionStore>());
    }

    [Fact]
    public async Task Second_AddClusterSession_leaves_the_store_and_adds_to_the_options()
    {
        await using var provider = Settings.Provider([("ClusterSession:Redis", "localhost:1")], services =>
        {
            services.AddClusterSession(options => options.IdleTimeout = TimeSpan.FromMinutes(7)).UseRedis();
            services.AddClusterSession(options => options.KeyPrefix = "shop");
        });
        var options = provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value;
        Assert.Equal((TimeSpan.FromMinutes(7), "shop"), (options.IdleTimeout, options.KeyPrefix));
        Assert.Equal("redis", provider.GetRequiredService<IClusterSessionStore>().Name);
    }

    private static string[] Failures((string, string)[] settings, Action<IServiceCollection> add)
    {
        using var provider = Settings.Provider(settings, add);
        return
        [
            .. Assert
                .Throws<OptionsValidationException>(() =>
                    provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value
                )
                .Failures,
        ];
    }
}
