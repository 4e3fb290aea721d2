using ClusterSession.Hosting;
using ClusterSession.TestKit.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.Tests.Hosting;

public sealed class OptionsTests
{
    private const string Secret = "bm90LXJhbmRvbS1idXQtc2VjcmV0";

    [Fact]
    public void Every_setting_is_bound_from_the_configuration()
    {
        var options = Options(
            ("IdleTimeout", "00:30:00"),
            ("AbsoluteTimeout", "08:00:00"),
            ("Durability", "replicated"),
            ("Replicas", "2"),
            ("ReplicaTimeout", "00:00:00.5"),
            ("TouchInterval", "00:00:30"),
            ("LongestRequest", "00:05:00"),
            ("KeyPrefix", "shop"),
            ("KeyRotation", "30.00:00:00"),
            ("OnStoreUnavailable", "ServeEmpty"),
            ("RetryAfter", "00:00:07"),
            ("MaxAttributeBytes", "1000"),
            ("MaxAttributes", "10"),
            ("Cookie:Name", "sid"),
            ("Cookie:Domain", "example.org"),
            ("Cookie:Path", "/app"),
            ("Cookie:HttpOnly", "false"),
            ("Cookie:IsEssential", "true"),
            ("Cookie:MaxAge", "14.00:00:00"),
            ("Cookie:Expiration", "15.00:00:00"),
            ("MaxAttributeNameBytes", "99"),
            ("CommitOnException", "false"),
            ("Cookie:SameSite", "Strict"),
            ("Cookie:SecurePolicy", "Always"),
            ("LocalCopies:MaxCount", "5"),
            ("LocalCopies:MaxBytes", "5000"),
            ("LocalCopies:Lease", "00:00:02"),
            ("Keys:0:Id", "7"),
            ("Keys:0:Secret", "q8Jx0r1mT3nVfYw5uZ7cKd2eHg4iLoPbRsAtNyXzCvU="),
            ("Keys:0:ActiveFrom", "2026-01-31T00:00:00Z"),
            ("Outage:JournalSessions", "3")
        );
        Assert.Equal(TimeSpan.FromMinutes(30), options.IdleTimeout);
        Assert.Equal(TimeSpan.FromHours(8), options.AbsoluteTimeout);
        Assert.Equal(SessionDurability.Replicated, options.Durability);
        Assert.Equal((2, TimeSpan.FromMilliseconds(500)), (options.Replicas, options.ReplicaTimeout));
        Assert.Equal(
            (TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5)),
            (options.TouchInterval, options.LongestRequest)
        );
        Assert.Equal(("shop", TimeSpan.FromDays(30)), (options.KeyPrefix, options.KeyRotation));
        Assert.Equal(
            (SessionOutagePolicy.ServeEmpty, TimeSpan.FromSeconds(7)),
            (options.OnStoreUnavailable, options.RetryAfter)
        );
        Assert.Equal((1000, 10), (options.MaxAttributeBytes, options.MaxAttributes));
        Assert.Equal(("sid", "example.org", "/app"), (options.Cookie.Name, options.Cookie.Domain, options.Cookie.Path));
        Assert.Equal((false, true), (options.Cookie.HttpOnly, options.Cookie.IsEssential));
        Assert.Equal(
            (TimeSpan.FromDays(14), TimeSpan.FromDays(15)),
            (options.Cookie.MaxAge, options.Cookie.Expiration)
        );
        Assert.Equal((99, false), (options.MaxAttributeNameBytes, options.CommitOnException));
        Assert.Equal(
            (SameSiteMode.Strict, CookieSecurePolicy.Always),
            (options.Cookie.SameSite, options.Cookie.SecurePolicy)
        );
        Assert.Equal(
            (5, 5000L, TimeSpan.FromSeconds(2)),
            (options.LocalCopies.MaxCount, options.LocalCopies.MaxBytes, options.LocalCopies.Lease)
        );
        var key = Assert.Single(options.Keys);
        Assert.Equal((7, new DateTimeOffset(2026, 1, 31, 0, 0, 0, TimeSpan.Zero)), (key.Id, key.ActiveFrom));
        Assert.Equal(3, options.Outage.JournalSessions);
    }

    [Fact]
    public void Code_wins_over_the_configuration_and_defaults_are_valid()
    {
        var provider = Provider([("IdleTimeout", "00:30:00")], options => options.IdleTimeout = TimeSpan.FromHours(1));
        Assert.Equal(
            TimeSpan.FromHours(1),
            provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value.IdleTimeout
        );
        Assert.Equal(TimeSpan.FromMinutes(20), Options().IdleTimeout);
    }

    [Theory]
    [InlineData("IdleTimeout", "00:00:00.5", "00:00:00.5000000", "00:00:01")]
    [InlineData("IdleTimeout", "twenty", "'twenty'", "duration")]
    [InlineData("IdleTimeout", "400.00:00:00", "400.00:00:00", "365.00:00:00")]
    [InlineData("AbsoluteTimeout", "00:10:00", "00:10:00", "Raise it")]
    [InlineData("Durability", "Eventually", "'Eventually'", "Local, Primary, Replicated")]
    [InlineData("Durability", "7", "'7'", "Local, Primary, Replicated")]
    [InlineData("Replicas", "0", "is 0", "from 1 to 16")]
    [InlineData("Replicas", "many", "'many'", "whole number")]
    [InlineData("ReplicaTimeout", "00:02:00", "00:02:00", "00:01:00")]
    [InlineData("TouchInterval", "00:00:00.01", "00:00:00.0100000", "00:00:00.1")]
    [InlineData("TouchInterval", "00:30:00", "00:30:00", "leave it out")]
    [InlineData("LongestRequest", "-00:00:01", "-00:00:01", "00:00:00")]
    [InlineData("KeyPrefix", "a b", "'a b'", "letters, digits")]
    [InlineData("KeyPrefix", "{x}", "'{x}'", "letters, digits")]
    [InlineData("KeyRotation", "00:01:00", "00:01:00", "01:00:00")]
    [InlineData("OnStoreUnavailable", "Panic", "'Panic'", "Reject, ServeEmpty")]
    [InlineData("RetryAfter", "00:00:00", "00:00:00", "00:00:01")]
    [InlineData("MaxAttributeBytes", "0", "is 0", "from 1")]
    [InlineData("MaxAttributes", "70000", "is 70000", "65000")]
    [InlineData("MaxAttributeNameBytes", "0", "is 0", "from 1 to 65535")]
    [InlineData("MaxAttributeNameBytes", "65536", "is 65536", "from 1 to 65535")]
    [InlineData("CommitOnException", "sometimes", "'sometimes'", "true or false")]
    [InlineData("LocalCopies:MaxCount", "-1", "is -1", "from 0")]
    [InlineData("LocalCopies:MaxBytes", "-1", "is -1", "from 0")]
    [InlineData("LocalCopies:Lease", "00:02:00", "00:02:00", "00:01:00")]
    [InlineData("Cookie:Name", "a;b", "'a;b'", "letters, digits")]
    [InlineData("Cookie:Name", "__Host-x", "__Host-", "SecurePolicy=Always")]
    [InlineData("Cookie:SameSite", "Loose", "'Loose'", "Strict")]
    [InlineData("Cookie:HttpOnly", "yes", "'yes'", "true or false")]
    [InlineData("Keys:0:Id", "0", "is 0", "16777215")]
    [InlineData("Keys:0:ActiveFrom", "tomorrow", "'tomorrow'", "moment")]
    [InlineData("Outage:BreakAfter", "0", "is 0", "from 1")]
    public void Bad_value_is_named_with_its_path_itself_and_the_remedy(
        string setting,
        string value,
        string shown,
        string remedy
    )
    {
        var failures = Failures((setting, value));
        Assert.Contains(failures, failure =>
            failure.StartsWith("ClusterSession:" + setting, StringComparison.Ordinal)
            && failure.Contains(shown)
            && failure.Contains(remedy)
        );
    }

    [Theory]
    [InlineData("IdelTimeout", "IdleTimeout")]
    [InlineData("Cookie:Nmae", "Name")]
    [InlineData("LocalCopies:Max", "MaxCount")]
    [InlineData("Outage:Nothing", "JournalSessions")]
    public void Setting_that_does_not_exist_is_reported_with_those_that_do(string setting, string known)
    {
        var failure = Assert.Single(Failures((setting, "1")));
        Assert.StartsWith("ClusterSession:" + setting + " is not a setting", failure);
        Assert.Contains(known, failure);
    }

    [Fact]
    public void Carried_attribute_that_no_session_can_hold_is_refused()
    {
        var failures = Settings.FailuresOfCode(options =>
        {
            options.MaxAttributeNameBytes = 7;
            options.CarriedAttributes = ["color", "tea\uD800", "\0tea", "12345678"];
        });
        Assert.Collection(
            failures,
            first => Assert.Matches("^ClusterSession:CarriedAttributes:1 .*surrogate.*Choose", first),
            second => Assert.Matches("^ClusterSession:CarriedAttributes:2 .*reserved.*Choose", second),
            third =>
                Assert.Matches("^ClusterSession:CarriedAttributes:3 .*MaxAttributeNameBytes allows 7.*Choose", third)
        );
    }

    [Fact]
    public void Part_that_code_sets_to_null_is_named_with_the_remedy()
    {
        (string Name, Action<ClusterSessionOptions> Set)[] parts =
        [
            ("Keys", options => options.Keys = null!),
            ("Keys:0", options => options.Keys = [null!]),
            ("Outage", options => options.Outage = null!),
            ("LocalCopies", options => options.LocalCopies = null!),
            ("Cookie", options => options.Cookie = null!),
        ];
        foreach (var (name, set) in parts)
        {
            var options = new ClusterSessionOptions { ApplicationName = "shop", KeyPrefix = "shop" };
            set(options);
            var failure = Assert.Single(new ClusterSessionOptionsValidator().Validate(null, options).Failures!);
            Assert.Matches($"^ClusterSession:{name} is null\\. [A-Z].*\\.$", failure);
        }
    }

    [Fact]
    public async Task Host_whose_code_sets_a_part_to_null_says_so_at_start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder
            .Services.AddClusterSession(options =>
                (options.Keys, options.Outage, options.LocalCopies) = (null!, null!, null!)
            )
            .UseInMemory();
        await using var app = builder.Build();
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() =>
        {
            app.UseClusterSession();
            return app.StartAsync();
        });
        Assert.Equal(3, refused.Failures.Count());
    }

    [Fact]
    public void All_errors_are_reported_at_once()
    {
        var failures = Failures(
            ("IdleTimeout", "x"),
            ("Replicas", "99"),
            ("Unknown", "1"),
            ("Cookie:Name", ""),
            ("KeyPrefix", ""),
            ("RetryAfter", "02:00:00")
        );
        Assert.Equal(6, failures.Length);
    }

    [Theory]
    [InlineData("short")]
    [InlineData(Secret)]
    [InlineData("not base64 at all!")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")] // 0, 1, 2, ...
    [InlineData("6dK1Y0e4nDGI99TnMxUcpOnStWNHuJwxiPfU5zMVHKQ=")] // 16 bytes, twice
    [InlineData("Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZSwgYW5kIDQyIG1vcmUh")] // a text
    public void Bad_secret_is_refused_and_never_shown(string secret)
    {
        var failure = Assert.Single(Failures(("Keys:0:Id", "1"), ("Keys:0:Secret", secret)));
        Assert.StartsWith("ClusterSession:Keys:0:Secret", failure);
        Assert.Contains("openssl rand", failure);
        Assert.DoesNotContain(secret, failure);
    }

    [Theory]
    [InlineData("Cookie", ".Shop", "ClusterSession:Cookie is '.Shop', and has to be a section")]
    [InlineData("Outage", "00:00:01", "ClusterSession:Outage is '00:00:01', and has to be a section")]
    [InlineData("Keys", "abc", "ClusterSession:Keys is a value (not shown)")]
    [InlineData("Keys:0", "abc", "ClusterSession:Keys:0 is a value (not shown)")]
    [InlineData("IdleTimeout:Minutes", "5", "ClusterSession:IdleTimeout:Minutes is not a setting: ")]
    [InlineData("Cookie:Name:Text", "sid", "ClusterSession:Cookie:Name:Text is not a setting: ")]
    [InlineData("Redis:Configuration", "a:6379", "ClusterSession:Redis:Configuration is not a setting: ")]
    [InlineData("Replicas:Count", "2", "ClusterSession:Replicas:Count is not a setting: ")]
    [InlineData("Cookie:SameSite", "None,Lax", "ClusterSession:Cookie:SameSite is 'None,Lax'")]
    public void Value_in_the_place_of_a_section_or_a_section_in_that_of_a_value_is_refused(
        string setting,
        string value,
        string begin
    ) => Assert.Contains(Failures((setting, value)), failure => failure.StartsWith(begin, StringComparison.Ordinal));

    [Fact]
    public void Section_that_is_written_as_one_value_is_refused_without_showing_it()
    {
        var provider = Hosting.Settings.Provider([("ClusterSession", "redis:6379,password=geheim")]);
        var refusal = Assert.Throws<OptionsValidationException>(() =>
            provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value
        );
        Assert.StartsWith("ClusterSession is a value", Assert.Single(refusal.Failures));
        Assert.DoesNotContain("geheim", refusal.Message);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(Secret)]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")]
    public void Bad_secret_of_ProtectKeysWith_is_refused_at_start_and_never_shown(string? secret)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddClusterSession().ProtectKeysWith(secret);
        using var provider = services.BuildServiceProvider();
        var failure = Assert.Single(
            Assert
                .Throws<OptionsValidationException>(() =>
                    provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value
                )
                .Failures
        );
        Assert.StartsWith("A secret given to ProtectKeysWith is", failure);
        Assert.Contains("openssl rand", failure);
        Assert.True(string.IsNullOrEmpty(secret) || !failure.Contains(secret, StringComparison.Ordinal));
    }

    [Fact]
    public void Random_secrets_are_accepted()
    {
        for (var i = 0; i < 1000; i++)
        {
            var secret = System.Security.Cryptography.RandomNumberGenerator.GetBytes(32 + (i % 33));
            Assert.NotNull(ClusterSession.Hosting.SecretCheck.Read(Convert.ToBase64String(secret), out _));
        }
    }

    [Fact]
    public void Two_keys_with_one_id_are_refused()
    {
        var one = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
        var failure = Assert.Single(
            Failures(("Keys:0:Id", "1"), ("Keys:0:Secret", one), ("Keys:1:Id", "1"), ("Keys:1:Secret", one))
        );
        Assert.StartsWith("ClusterSession:Keys:1:Id is 1", failure);
    }

    [Fact]
    public void Rotation_that_is_too_short_for_the_idle_timeout_is_refused()
    {
        var failure = Assert.Single(Failures(("IdleTimeout", "30.00:00:00"), ("KeyRotation", "12:00:00")));
        Assert.StartsWith("ClusterSession:KeyRotation is 12:00:00", failure);
        Assert.Contains("1.00:00:", failure);
    }

    [Fact]
    public async Task Application_with_bad_options_does_not_start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Configuration.AddInMemoryCollection([new("ClusterSession:IdleTimeout", "x")]);
        builder.Services.AddClusterSession();
        await using var app = builder.Build();
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());
        Assert.Contains("ClusterSession:IdleTimeout", refusal.Message);
    }

    [Fact]
    public void Pipeline_without_the_services_says_what_is_missing()
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        Assert.Contains(
            "AddClusterSession",
            Assert.Throws<InvalidOperationException>(() => app.UseClusterSession()).Message
        );
    }

    [Fact]
    public async Task Cookie_options_reach_the_cookie()
    {
        var node = await TestNode.StartAsync(
            new ClusterSession.Stores.InMemory.InMemorySessions(TimeProvider.System),
            options: options =>
            {
                options.Cookie.SameSite = SameSiteMode.Strict;
                options.Cookie.SecurePolicy = CookieSecurePolicy.Always;
                options.Cookie.Path = "/app";
                options.Cookie.Domain = "example.org";
            }
        );
        await using (node)
        {
            var browser = node.Browser();
            await browser.GetAsync("/set/color/red");
            var cookie = browser.LastCookie!;
            Assert.True(cookie.Secure);
            Assert.Equal(Microsoft.Net.Http.Headers.SameSiteMode.Strict, cookie.SameSite);
            Assert.Equal(("/app", "example.org"), (cookie.Path.ToString(), cookie.Domain.ToString()));
        }
    }

    private static ClusterSessionOptions Options(params (string Setting, string Value)[] settings) =>
        Provider(settings).GetRequiredService<IOptions<ClusterSessionOptions>>().Value;

    private static string[] Failures(params (string Setting, string Value)[] settings) =>
        [.. Assert.Throws<OptionsValidationException>(() => Options(settings)).Failures];

    private static ServiceProvider Provider(
        (string Setting, string Value)[] settings,
        Action<ClusterSessionOptions>? configure = null
    )
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(
            new ConfigurationBuilder()
                .AddInMemoryCollection(
                    settings.Select(setting =>
                        KeyValuePair.Create("ClusterSession:" + setting.Setting, (string?)setting.Value)
                    )
                )
                .Build()
        );
        services.AddLogging();
        services.AddClusterSession(configure ?? (static _ => { }));
        return services.BuildServiceProvider();
    }
}
