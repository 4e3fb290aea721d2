using ClusterSession;

var builder = WebApplication.CreateBuilder(args);

// Where Redis is, and how long a session lives: appsettings.json.
builder.Services.AddClusterSession().UseRedis();
builder.Services.AddHealthChecks().AddClusterSession();

var app = builder.Build();
app.UseClusterSession();

app.MapPost("/basket/{item}", (string item, HttpContext context) =>
{
    // An attribute for each item: requests at the same time keep what the other one added.
    context.Session.SetInt32(Basket.Prefix + item, context.Session.GetInt32(Basket.Prefix + item) + 1 ?? 1);
    return Basket.Of(context.Session);
});

app.MapDelete("/basket/{item}", (string item, HttpContext context) =>
{
    context.Session.Remove(Basket.Prefix + item);
    return Basket.Of(context.Session);
});

app.MapPut("/address", (Address address, HttpContext context) =>
{
    // JSON, by the options' serializer.
    context.GetClusterSession().Set("address", address);
    return address;
});

// Only reads: Set would throw here, and a mistake shows in the first test.
app.MapGet("/basket", (HttpContext context) => Basket.Of(context.Session))
    .WithSessionAccess(SessionConcurrency.ReadOnly);
app.MapGet("/address", (HttpContext context) => context.GetClusterSession().Get<Address>("address"))
    .WithSessionAccess(SessionConcurrency.ReadOnly);

// Pages poll this: it must not keep the session of somebody alive who has gone.
app.MapGet("/basket/count", (HttpContext context) => Basket.Of(context.Session).Values.Sum())
    .WithSessionAccess(SessionConcurrency.ReadOnly, prolongs: false);

// Opens no session at all.
app.MapHealthChecks("/health").WithSessionAccess(SessionConcurrency.None);
app.Run();

internal sealed record Address(string Street, string City);

internal static class Basket
{
    public const string Prefix = "item:";

    public static SortedDictionary<string, int> Of(ISession session) =>
        new(
            session
                .Keys.Where(key => key.StartsWith(Prefix, StringComparison.Ordinal))
                .ToDictionary(key => key[Prefix.Length..], key => session.GetInt32(key) ?? 0),
            StringComparer.Ordinal
        );
}
